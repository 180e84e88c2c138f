// RISC-V Supervisor Binary Interface Specification 2.0: what firmware does to a hart.
using Doppel.RiscV.Counters;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>The hart as firmware that serves S-mode sees it: starts and suspensions, fences and interrupts that other harts ask for, the timer.</summary>
public sealed partial class RiscVHart
{
    private SupervisorStart? _start;
    private bool _suspended;

    /// <summary>If set, serves <c>ecall</c> from S-mode; otherwise it traps.</summary>
    public ISupervisorBinaryInterface? Sbi { get; set; }

    /// <summary>Whether a fence asked for with <see cref="Post"/> may not have taken effect yet.</summary>
    public bool FencePending => _signals.FencePending;

    /// <summary>Sets the software-writable bit of an interrupt, as another hart's SBI call does.</summary>
    public void RaiseSoftwareInterrupt()
    {
        _state.ChangeShared(RiscVSlot.Mip, 1UL << InterruptNumber.SupervisorSoftware, set: true);
        _signals.Raise(HartSignal.Interrupt);
    }

    /// <summary>Clears what <see cref="RaiseSoftwareInterrupt"/> has set.</summary>
    /// <returns>Whether it was set.</returns>
    public bool ClearSoftwareInterrupt()
    {
        const ulong Bit = 1UL << InterruptNumber.SupervisorSoftware;
        return (Interlocked.And(ref _state.Slots.At(RiscVSlot.Mip), ~Bit) & Bit) != 0;
    }

    /// <summary>Whether a start was asked for that the hart has not taken up yet. It clears <see cref="Stopped"/> first and this afterwards.</summary>
    public bool StartPending => Volatile.Read(ref _start) is not null;

    /// <summary>Whether the hart waits in a suspension that <see cref="Suspend"/> began.</summary>
    public bool Suspended => _state.Waiting && Volatile.Read(ref _suspended);

    /// <summary>Starts a stopped hart in S-mode, without translation and interrupts, with its id in a0. Any thread; it takes place on the hart's own.</summary>
    public void StartSupervisor(ulong pc, ulong a1)
    {
        Volatile.Write(ref _start, new SupervisorStart(pc, a1));
        _signals.Raise(HartSignal.Power);
    }

    /// <summary>Waits for an interrupt as <c>wfi</c> does. On the hart's own thread.</summary>
    public void Suspend()
    {
        Volatile.Write(ref _suspended, true);
        _state.Waiting = true;
    }

    /// <summary>As <see cref="Suspend"/>, but goes on as <see cref="StartSupervisor"/> says. On the hart's own thread.</summary>
    public void SuspendAndResumeAt(ulong pc, ulong a1)
    {
        EnterSupervisor(pc, a1);
        Suspend();
    }

    /// <summary>Reads memory as a load of the current mode would. On the hart's own thread.</summary>
    /// <returns>False if it would trap.</returns>
    public bool TryLoad(ulong address, out ulong value)
    {
        value = _memory.Load(address, 8);
        bool loaded = !_trap.Raised;
        _trap.Raised = false;
        return loaded;
    }

    /// <summary>Asks for a fence; done before the hart executes another instruction after <see cref="FencePending"/> has become false. Thread-safe.</summary>
    public void Post(in RemoteFence fence)
    {
        if (!fence.IsCode) _fences.Add(fence);
        _signals.Raise(fence.IsCode ? HartSignal.FenceCode : HartSignal.FenceTranslations);
    }

    /// <summary>Carries out fences that others asked of this hart; for a hart that itself waits for others, so that two never wait for each other.</summary>
    public void ServeFences()
    {
        HartSignal taken = _signals.Take();
        Fence(taken);
        HartSignal rest = taken & ~(HartSignal.FenceCode | HartSignal.FenceTranslations);
        if (rest != HartSignal.None) _signals.Raise(rest);
    }

    /// <summary>The SBI's set_timer: programs stimecmp.</summary>
    /// <param name="deadline">Ticks of the time CSR; all ones for never.</param>
    public void SetSupervisorTimer(ulong deadline)
    {
        _state.Slots[RiscVSlot.Stimecmp] = deadline;
        _timer.Arm();
    }

    /// <summary>
    /// Gives S-mode what machine-mode firmware would give it: all traps and interrupts that can be delegated, all counters, the timer,
    /// the cache-block instructions, hardware A/D updates, page-based memory types, and all of memory.
    /// </summary>
    public void DelegateToSupervisor()
    {
        const ulong EcallFromSupervisor = 1UL << (int)TrapCause.EcallFromSupervisor;
        _state.Slots[RiscVSlot.Medeleg] = 0xb3ff & ~EcallFromSupervisor;
        _state.Slots[RiscVSlot.Mideleg] = 1UL << InterruptNumber.SupervisorSoftware | 1UL << InterruptNumber.SupervisorTimer | 1UL << InterruptNumber.SupervisorExternal | 1UL << InterruptNumber.CounterOverflow;
        _state.Slots[RiscVSlot.Mcountinhibit] = HartCounters.ProgrammableMask;
        _state.Slots[RiscVSlot.Mcounteren] = 0xffff_ffff;
        _state.Slots[RiscVSlot.Scounteren] = 0xffff_ffff;
        _state.Slots[RiscVSlot.Menvcfg] = Envcfg.Cbie | Envcfg.Cbcfe | Envcfg.Cbze | Envcfg.Adue | Envcfg.Pbmte | Envcfg.Stce;
        _state.Slots[RiscVSlot.Pmpaddr] = (1UL << 54) - 1;
        _state.Slots[RiscVSlot.Pmpcfg] = 0x1f;
        Renew();
    }

    /// <summary>SBI 2.0, "HSM Hart Start Register State"; what it leaves undefined is as it was, but for interrupts, which nobody expects.</summary>
    private void EnterSupervisor(ulong pc, ulong a1)
    {
        _state.Pc = pc;
        _state.Mode = PrivilegeMode.Supervisor;
        _state.Slots[RiscVSlot.X + 10] = (ulong)Id;
        _state.Slots[RiscVSlot.X + 11] = a1;
        _state.Slots[RiscVSlot.Satp] = 0;
        _state.MstatusBits &= ~Mstatus.Sie;
        _counters.ModeChanged(_state.Retired);
        Renew();
    }

    /// <summary>Where another hart wants this one to start.</summary>
    private sealed record SupervisorStart(ulong Pc, ulong A1);
}
