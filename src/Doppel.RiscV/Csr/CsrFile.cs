// Privileged Architecture 1.13, chapters 2, 3 and 12; Sstc 1.0; Sscofpmf 1.0; Zicntr and Zihpm 2.0.
using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Csr;

/// <summary>
/// Reads and writes of CSRs with all their masks and side effects. Whether an access is legal is decided here too; an illegal one returns false.
/// </summary>
internal sealed partial class CsrFile(HartState state, HartConfig config, int hartId, MemoryUnit memory, HartTimer timer, HartCounters counters)
{
    /// <summary>Doppel has no vendor id; architecture and implementation ids are zero, "not implemented".</summary>
    private const ulong NoIdentity = 0;
    private const ulong SatpModeMask = 0xfUL << 60;
    private const ulong ImplementedPpn = (1UL << 44) - 1;
    private const ulong Asid = 0xffffUL << 44;
    private const ulong AllCounters = 0xffff_ffff;

    private const ulong CounterOverflow = 1UL << InterruptNumber.CounterOverflow;

    /// <summary>What can be delegated.</summary>
    private const ulong SupervisorInterrupts =
        1UL << InterruptNumber.SupervisorSoftware | 1UL << InterruptNumber.SupervisorTimer | 1UL << InterruptNumber.SupervisorExternal | CounterOverflow;

    private const ulong MachineInterrupts =
        1UL << InterruptNumber.MachineSoftware | 1UL << InterruptNumber.MachineTimer | 1UL << InterruptNumber.MachineExternal;

    /// <summary>All exceptions that can occur below M-mode.</summary>
    private const ulong DelegableExceptions = 0xb3ff;

    /// <summary>Whether the last successful write may have changed translation or pending interrupts, so that the hart must look again.</summary>
    public bool ContextChanged { get; private set; }

    /// <summary>Reads a CSR.</summary>
    /// <returns>False if the access is illegal in the present mode.</returns>
    public bool TryRead(int number, out ulong value)
    {
        value = 0;
        return Accessible(number) && TryReadValue(number, out value);
    }

    /// <summary>Writes a CSR. Fields that do not exist ignore the write; illegal values of WARL fields become legal ones.</summary>
    /// <returns>False if the access is illegal in the present mode.</returns>
    public bool TryWrite(int number, ulong value)
    {
        ContextChanged = false;
        bool readOnly = number >> 10 == 3;
        return !readOnly && Accessible(number) && TryWriteValue(number, value);
    }

    /// <summary>
    /// What <c>csrrs</c> and <c>csrrc</c> modify: the value read, but for mip, where the external line must not leak into the software bit SEIP
    /// (section 3.1.9).
    /// </summary>
    public ulong BaseForModify(int number, ulong read) => number == CsrNumber.Mip ? SoftwareMip : read;

    private ulong SoftwareMip => Volatile.Read(ref state.Slots.At(RiscVSlot.Mip));

    private bool Accessible(int number)
    {
        var needed = (PrivilegeMode)(number >> 8 & 3);
        if (state.Mode < needed) return false;
        return number switch
        {
            CsrNumber.Fflags or CsrNumber.Frm or CsrNumber.Fcsr => config.Extensions.Contains(Extension.F) && !state.FloatOff,
            >= CsrNumber.Cycle and <= CsrNumber.Hpmcounter31 => CounterAccessible(number - CsrNumber.Cycle),
            CsrNumber.Satp => state.Mode != PrivilegeMode.Supervisor || (state.MstatusBits & Mstatus.Tvm) == 0,
            CsrNumber.Stimecmp => state.Mode == PrivilegeMode.Machine
                || ((state.Menvcfg & Envcfg.Stce) != 0 && (state.Slots[RiscVSlot.Mcounteren] & 2) != 0),
            _ => true,
        };
    }

    /// <summary>mcounteren guards S-mode, and scounteren U-mode besides.</summary>
    private bool CounterAccessible(int counter)
    {
        if (counter is 0 or 1 or 2 ? !config.Extensions.Contains(Extension.Zicntr) : !config.Extensions.Contains(Extension.Zihpm)) return false;
        if (state.Mode == PrivilegeMode.Machine) return true;
        if ((state.Slots[RiscVSlot.Mcounteren] >> counter & 1) == 0) return false;
        return state.Mode == PrivilegeMode.Supervisor || (state.Slots[RiscVSlot.Scounteren] >> counter & 1) != 0;
    }

    private bool TryReadValue(int number, out ulong value)
    {
        ulong? found = number switch
        {
            CsrNumber.Fflags => state.Slots[RiscVSlot.Fcsr] & 0x1f,
            CsrNumber.Frm => state.Slots[RiscVSlot.Fcsr] >> 5 & 7,
            CsrNumber.Fcsr => state.Slots[RiscVSlot.Fcsr] & 0xff,
            CsrNumber.Time => timer.Time,
            >= CsrNumber.Cycle and <= CsrNumber.Hpmcounter31 => counters.Read(number - CsrNumber.Cycle),

            CsrNumber.Sstatus => WithSd(state.MstatusBits) & (Mstatus.SupervisorReadable | Mstatus.Sd),
            CsrNumber.Sie => state.Mie & state.Slots[RiscVSlot.Mideleg],
            CsrNumber.Sip => Mip() & state.Slots[RiscVSlot.Mideleg],
            CsrNumber.Stvec => state.Slots[RiscVSlot.Stvec],
            CsrNumber.Scounteren => state.Slots[RiscVSlot.Scounteren],
            CsrNumber.Senvcfg => state.Slots[RiscVSlot.Senvcfg],
            CsrNumber.Sscratch => state.Slots[RiscVSlot.Sscratch],
            CsrNumber.Sepc => state.Slots[RiscVSlot.Sepc],
            CsrNumber.Scause => state.Slots[RiscVSlot.Scause],
            CsrNumber.Stval => state.Slots[RiscVSlot.Stval],
            CsrNumber.Stimecmp => state.Slots[RiscVSlot.Stimecmp],
            CsrNumber.Scountovf => counters.Overflowed & (state.Mode == PrivilegeMode.Machine ? ulong.MaxValue : state.Slots[RiscVSlot.Mcounteren]),
            CsrNumber.Satp => state.Slots[RiscVSlot.Satp],

            CsrNumber.Mstatus => WithSd(state.MstatusBits),
            CsrNumber.Misa => config.Misa,
            CsrNumber.Medeleg => state.Slots[RiscVSlot.Medeleg],
            CsrNumber.Mideleg => state.Slots[RiscVSlot.Mideleg],
            CsrNumber.Mie => state.Mie,
            CsrNumber.Mip => Mip(),
            CsrNumber.Mtvec => state.Slots[RiscVSlot.Mtvec],
            CsrNumber.Mcounteren => state.Slots[RiscVSlot.Mcounteren],
            CsrNumber.Mcountinhibit => state.Slots[RiscVSlot.Mcountinhibit],
            CsrNumber.Menvcfg => state.Menvcfg,
            CsrNumber.Mscratch => state.Slots[RiscVSlot.Mscratch],
            CsrNumber.Mepc => state.Slots[RiscVSlot.Mepc],
            CsrNumber.Mcause => state.Slots[RiscVSlot.Mcause],
            CsrNumber.Mtval => state.Slots[RiscVSlot.Mtval],
            CsrNumber.Mhartid => (ulong)hartId,
            CsrNumber.Mvendorid or CsrNumber.Marchid or CsrNumber.Mimpid or CsrNumber.Mconfigptr => NoIdentity,
            CsrNumber.Mcycle or CsrNumber.Minstret or >= CsrNumber.Mhpmcounter3 and <= CsrNumber.Mhpmcounter31 => counters.Read(number - CsrNumber.Mcycle),
            >= CsrNumber.Mhpmevent3 and <= CsrNumber.Mhpmevent31 => counters.ReadEvent(number - CsrNumber.Mhpmevent3 + HartCounters.First),
            >= CsrNumber.Pmpcfg0 and <= CsrNumber.Pmpcfg14 when (number & 1) == 0 =>
                number - CsrNumber.Pmpcfg0 < Pmp.Entries / 4 ? memory.Pmp.ReadConfig((number - CsrNumber.Pmpcfg0) / 2) : 0,
            >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr63 =>
                number - CsrNumber.Pmpaddr0 < Pmp.Entries ? memory.Pmp.ReadAddress(number - CsrNumber.Pmpaddr0) : 0,

            // The debug specification's way to say that there are no triggers: type 0, and tinfo saying that 0 is all there is.
            CsrNumber.Tselect or CsrNumber.Tdata1 or CsrNumber.Tdata2 or CsrNumber.Tdata3 => 0,
            CsrNumber.Tinfo => 1,
            _ => null,
        };
        value = found.GetValueOrDefault();
        return found.HasValue;
    }

    private static ulong WithSd(ulong status) => (status & Mstatus.Fs) == Mstatus.Fs ? status | Mstatus.Sd : status;

    private ulong Mip()
    {
        timer.Update();
        return state.MipBits;
    }
}
