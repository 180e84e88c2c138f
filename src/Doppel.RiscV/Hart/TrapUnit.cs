using System.Numerics;
using Doppel.Core.Clock;
using Doppel.Core.Trace;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>
/// Taking traps, choosing interrupts and returning (Privileged Architecture 1.13, sections 3.1.6.1, 3.1.9, 3.3.2 and 12.1).
/// </summary>
internal sealed class TrapUnit(HartState state, HartCounters counters, ITrace trace, int hartId)
{
    /// <summary>x1 to x31.</summary>
    private const int GeneralRegisters = 31;

    /// <summary>Decreasing priority: MEI, MSI, MTI, SEI, SSI, STI, LCOFI.</summary>
    private static readonly int[] PriorityOrder =
    [
        InterruptNumber.MachineExternal, InterruptNumber.MachineSoftware, InterruptNumber.MachineTimer,
        InterruptNumber.SupervisorExternal, InterruptNumber.SupervisorSoftware, InterruptNumber.SupervisorTimer, InterruptNumber.CounterOverflow,
    ];

    /// <summary>If set, gets every trap: the hart, the time, cause, value, address, the mode before, and the general registers.</summary>
    public TraceHash? Hash { get; set; }

    /// <summary>The guest's time, for <see cref="Hash"/>.</summary>
    public required IVmClock Clock { get; init; }

    /// <summary>Enters the handler of an exception.</summary>
    /// <param name="epc">The address of the instruction that raised it.</param>
    public void TakeException(ulong cause, ulong value, ulong epc)
    {
        if (trace.Enabled(TraceCategory.Irq)) trace.Write(TraceCategory.Irq, $"hart {hartId}: exception {cause} at 0x{epc:x} value 0x{value:x} in {state.Mode}");
        bool delegated = state.Mode != PrivilegeMode.Machine && (state.Slots[RiscVSlot.Medeleg] >> (int)cause & 1) != 0;
        Enter(delegated, cause, value, epc, vectorOffset: 0);
    }

    /// <summary>Takes the most important interrupt that is pending and enabled, if any.</summary>
    public bool TakeInterrupt()
    {
        ulong pending = state.MipBits & state.Mie;
        if (pending == 0) return false;
        ulong delegatedMask = state.Slots[RiscVSlot.Mideleg];
        bool machineEnabled = state.Mode != PrivilegeMode.Machine || (state.MstatusBits & Mstatus.Mie) != 0;
        bool supervisorEnabled = state.Mode == PrivilegeMode.User
            || (state.Mode == PrivilegeMode.Supervisor && (state.MstatusBits & Mstatus.Sie) != 0);

        // An interrupt for M-mode goes before any for S-mode.
        ulong candidates = machineEnabled ? pending & ~delegatedMask : 0;
        bool delegated = false;
        if (candidates == 0)
        {
            candidates = supervisorEnabled ? pending & delegatedMask : 0;
            delegated = true;
        }

        if (candidates == 0) return false;
        int number = Highest(candidates);
        if (trace.Enabled(TraceCategory.Irq)) trace.Write(TraceCategory.Irq, $"hart {hartId}: interrupt {number} at 0x{state.Pc:x} in {state.Mode}");
        Enter(delegated, TrapCause.Interrupt | (uint)number, 0, state.Pc, vectorOffset: 4 * (uint)number);
        return true;
    }

    /// <summary><c>mret</c>.</summary>
    public void ReturnFromMachine()
    {
        ulong status = state.MstatusBits;
        var previous = (PrivilegeMode)((status & Mstatus.Mpp) >> Mstatus.MppShift);
        status = Move(status, Mstatus.Mpie, Mstatus.Mie) | Mstatus.Mpie;
        status &= ~Mstatus.Mpp;
        if (previous != PrivilegeMode.Machine) status &= ~Mstatus.Mprv;
        state.MstatusBits = status;
        state.Mode = previous;
        state.Pc = state.Slots[RiscVSlot.Mepc];
        counters.ModeChanged(state.Retired + 1);
    }

    /// <summary><c>sret</c>.</summary>
    public void ReturnFromSupervisor()
    {
        ulong status = state.MstatusBits;
        PrivilegeMode previous = (status & Mstatus.Spp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        status = Move(status, Mstatus.Spie, Mstatus.Sie) | Mstatus.Spie;
        status &= ~(Mstatus.Spp | Mstatus.Mprv);
        state.MstatusBits = status;
        state.Mode = previous;
        state.Pc = state.Slots[RiscVSlot.Sepc];
        counters.ModeChanged(state.Retired + 1);
    }

    private static int Highest(ulong candidates)
    {
        foreach (int number in PriorityOrder)
        {
            if ((candidates >> number & 1) != 0) return number;
        }

        return BitOperations.Log2(candidates);
    }

    private static ulong Move(ulong status, ulong from, ulong to) => (status & from) != 0 ? status | to : status & ~to;

    private void Enter(bool supervisor, ulong cause, ulong value, ulong epc, uint vectorOffset)
    {
        Hash?.Add([(ulong)hartId, (ulong)Clock.Nanoseconds, cause, value, epc, (ulong)state.Mode], state.Slots.AsSpan().Slice(RiscVSlot.X + 1, GeneralRegisters));
        ulong status = state.MstatusBits;
        if (supervisor)
        {
            state.Slots[RiscVSlot.Scause] = cause;
            state.Slots[RiscVSlot.Stval] = value;
            state.Slots[RiscVSlot.Sepc] = epc;
            status = Move(status, Mstatus.Sie, Mstatus.Spie) & ~(Mstatus.Sie | Mstatus.Spp);
            if (state.Mode == PrivilegeMode.Supervisor) status |= Mstatus.Spp;
        }
        else
        {
            state.Slots[RiscVSlot.Mcause] = cause;
            state.Slots[RiscVSlot.Mtval] = value;
            state.Slots[RiscVSlot.Mepc] = epc;
            status = Move(status, Mstatus.Mie, Mstatus.Mpie) & ~(Mstatus.Mie | Mstatus.Mpp);
            status |= (ulong)state.Mode << Mstatus.MppShift;
        }

        ulong vector = state.Slots[supervisor ? RiscVSlot.Stvec : RiscVSlot.Mtvec];
        state.MstatusBits = status;
        state.Mode = supervisor ? PrivilegeMode.Supervisor : PrivilegeMode.Machine;
        state.Pc = (vector & ~3UL) + ((vector & 1) != 0 ? vectorOffset : 0);
        counters.ModeChanged(state.Retired);
    }
}
