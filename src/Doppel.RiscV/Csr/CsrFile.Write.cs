using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Csr;

internal sealed partial class CsrFile
{
    private bool TryWriteValue(int number, ulong value)
    {
        switch (number)
        {
            case CsrNumber.Fflags:
                WriteFcsr((state.Slots[RiscVSlot.Fcsr] & ~0x1fUL) | (value & 0x1f));
                return true;
            case CsrNumber.Frm:
                WriteFcsr((state.Slots[RiscVSlot.Fcsr] & ~0xe0UL) | (value & 7) << 5);
                return true;
            case CsrNumber.Fcsr:
                WriteFcsr(value & 0xff);
                return true;
            case CsrNumber.Mcycle or CsrNumber.Minstret or >= CsrNumber.Mhpmcounter3 and <= CsrNumber.Mhpmcounter31:
                counters.Write(number - CsrNumber.Mcycle, value);
                ContextChanged = true;
                return true;
            case >= CsrNumber.Mhpmevent3 and <= CsrNumber.Mhpmevent31:
                counters.WriteEvent(number - CsrNumber.Mhpmevent3 + HartCounters.First, value);
                ContextChanged = true;
                return true;
            case CsrNumber.Mcountinhibit:
                counters.WriteInhibit(value);
                ContextChanged = true;
                return true;

            case CsrNumber.Sstatus:
                WriteStatus(value, Mstatus.SupervisorWritable);
                return true;
            case CsrNumber.Mstatus:
                WriteStatus(value, Mstatus.MachineWritable);
                return true;
            case CsrNumber.Sie:
                WriteInterruptEnable(value, state.Slots[RiscVSlot.Mideleg]);
                return true;
            case CsrNumber.Mie:
                WriteInterruptEnable(value, SupervisorInterrupts | MachineInterrupts);
                return true;
            case CsrNumber.Sip:
                WriteInterruptPending(value, state.Slots[RiscVSlot.Mideleg] & (1UL << InterruptNumber.SupervisorSoftware | CounterOverflow));
                return true;
            case CsrNumber.Mip:
                WriteMip(value);
                return true;
            case CsrNumber.Satp:
                WriteSatp(value);
                return true;
            case CsrNumber.Stimecmp:
                state.Slots[RiscVSlot.Stimecmp] = value;
                timer.Arm();
                ContextChanged = true;
                return true;
            case CsrNumber.Menvcfg:
                WriteMenvcfg(value);
                return true;
            case CsrNumber.Senvcfg:
                state.Slots[RiscVSlot.Senvcfg] = LegalEnvcfg(value & Envcfg.SupervisorWritable, state.Slots[RiscVSlot.Senvcfg]);
                return true;

            case CsrNumber.Stvec:
                state.Slots[RiscVSlot.Stvec] = LegalVector(value);
                return true;
            case CsrNumber.Mtvec:
                state.Slots[RiscVSlot.Mtvec] = LegalVector(value);
                return true;
            case CsrNumber.Sepc:
                state.Slots[RiscVSlot.Sepc] = value & ~1UL;
                return true;
            case CsrNumber.Mepc:
                state.Slots[RiscVSlot.Mepc] = value & ~1UL;
                return true;
            case CsrNumber.Medeleg:
                state.Slots[RiscVSlot.Medeleg] = value & DelegableExceptions;
                return true;
            case CsrNumber.Mideleg:
                state.Slots[RiscVSlot.Mideleg] = value & SupervisorInterrupts;
                ContextChanged = true;
                return true;
            case CsrNumber.Mcounteren:
                state.Slots[RiscVSlot.Mcounteren] = value & AllCounters;
                return true;
            case CsrNumber.Scounteren:
                state.Slots[RiscVSlot.Scounteren] = value & AllCounters;
                return true;
            case CsrNumber.Sscratch:
                state.Slots[RiscVSlot.Sscratch] = value;
                return true;
            case CsrNumber.Scause:
                state.Slots[RiscVSlot.Scause] = value;
                return true;
            case CsrNumber.Stval:
                state.Slots[RiscVSlot.Stval] = value;
                return true;
            case CsrNumber.Mscratch:
                state.Slots[RiscVSlot.Mscratch] = value;
                return true;
            case CsrNumber.Mcause:
                state.Slots[RiscVSlot.Mcause] = value;
                return true;
            case CsrNumber.Mtval:
                state.Slots[RiscVSlot.Mtval] = value;
                return true;

            // Fixed: misa cannot be changed, there are no triggers.
            case CsrNumber.Misa:
            case CsrNumber.Tselect:
            case CsrNumber.Tdata1:
            case CsrNumber.Tdata2:
            case CsrNumber.Tdata3:
            case CsrNumber.Tinfo:
                return true;
            case >= CsrNumber.Pmpcfg0 and <= CsrNumber.Pmpcfg14 when (number & 1) == 0:
                if (number - CsrNumber.Pmpcfg0 < Pmp.Entries / 4) memory.Pmp.WriteConfig((number - CsrNumber.Pmpcfg0) / 2, value);
                FlushTranslations();
                return true;
            case >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr63:
                if (number - CsrNumber.Pmpaddr0 < Pmp.Entries) memory.Pmp.WriteAddress(number - CsrNumber.Pmpaddr0, value);
                FlushTranslations();
                return true;
            default:
                return false;
        }
    }

    private static ulong LegalVector(ulong value) => value & ~2UL;

    /// <summary>CBIE = 2 is reserved and keeps the old field.</summary>
    private static ulong LegalEnvcfg(ulong value, ulong old) =>
        (value & Envcfg.Cbie) == 2UL << Envcfg.CbieShift ? (value & ~Envcfg.Cbie) | (old & Envcfg.Cbie) : value;

    private void WriteFcsr(ulong value)
    {
        state.Slots[RiscVSlot.Fcsr] = value;
        state.SetFloatDirty();
    }

    private void WriteStatus(ulong value, ulong mask)
    {
        // MPP = 2 is reserved and keeps the old field.
        if ((value & Mstatus.Mpp) == 2UL << Mstatus.MppShift) mask &= ~Mstatus.Mpp;
        ulong old = state.MstatusBits;
        state.MstatusBits = (old & ~mask) | (value & mask);
        if (((old ^ state.MstatusBits) & Mstatus.Translation) != 0) memory.UpdateContext();
        ContextChanged = true;
    }

    private void WriteInterruptEnable(ulong value, ulong mask)
    {
        state.Slots[RiscVSlot.Mie] = (state.Mie & ~mask) | (value & mask);
        ContextChanged = true;
    }

    /// <summary>The bits that M-mode may set: SSIP, SEIP, LCOFIP, and STIP unless stimecmp drives it. The M-mode bits are wires.</summary>
    private void WriteMip(ulong value)
    {
        ulong mask = 1UL << InterruptNumber.SupervisorSoftware | 1UL << InterruptNumber.SupervisorExternal | CounterOverflow;
        if ((state.Menvcfg & Envcfg.Stce) == 0) mask |= 1UL << InterruptNumber.SupervisorTimer;
        WriteInterruptPending(value, mask);
    }

    private void WriteInterruptPending(ulong value, ulong mask)
    {
        // Only what differs is changed, so that a bit that another hart sets meanwhile is not lost.
        ulong old = SoftwareMip;
        state.ChangeShared(RiscVSlot.Mip, value & ~old & mask, set: true);
        state.ChangeShared(RiscVSlot.Mip, old & ~value & mask, set: false);
        ContextChanged = true;
    }

    /// <summary>A mode that the hart does not have leaves all of satp as it was.</summary>
    private void WriteSatp(ulong value)
    {
        ulong mode = (value & SatpModeMask) >> 60;
        bool supported = mode == 0 || (mode >= (ulong)VirtualAddressMode.Sv39 && mode <= (ulong)config.MaxMode);
        if (!supported) return;
        state.Slots[RiscVSlot.Satp] = value & (SatpModeMask | ImplementedPpn | Asid);
        memory.UpdateContext();
        ContextChanged = true;
    }

    private void WriteMenvcfg(ulong value)
    {
        state.Slots[RiscVSlot.Menvcfg] = LegalEnvcfg(value & Envcfg.MachineWritable, state.Menvcfg);

        // With STCE set, STIP follows stimecmp alone.
        if ((state.Menvcfg & Envcfg.Stce) != 0) state.ChangeShared(RiscVSlot.Mip, 1UL << InterruptNumber.SupervisorTimer, set: false);
        timer.Arm();
        FlushTranslations();
        ContextChanged = true;
    }

    private void FlushTranslations()
    {
        memory.FlushTranslations();
        ContextChanged = true;
    }
}
