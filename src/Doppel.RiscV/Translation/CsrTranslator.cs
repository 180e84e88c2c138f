// Zicsr 2.0: RISC-V Unprivileged ISA; Privileged Architecture 1.13, chapters 3 and 12.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// CSRs that are slots: reads, and writes that neither change how code and data are seen nor can let an interrupt in. All others the interpreter accesses.
/// </summary>
internal static class CsrTranslator
{
    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryTranslate(in Instruction i, Emission e)
    {
        // An access that the privilege does not allow traps.
        if ((uint)e.Mode.Privilege < (uint)(i.Imm >> 8 & 3)) return false;
        bool replaces = i.Op is Op.Csrrw or Op.Csrrwi;
        bool writes = replaces || i.Rs1 != 0;
        if (i.Imm is CsrNumber.Fflags or CsrNumber.Frm or CsrNumber.Fcsr) return FloatCsrTranslator.TryTranslate(i, e, writes);
        if (!writes) return i.Rd == RiscVSlot.Sink ? CanRead(i.Imm) : TryRead(i, e);
        if (i.Imm == CsrNumber.Sstatus) return StatusTranslator.TryChange(i, e);
        if (SlotOf(i.Imm) is not { } slot || WritableBits(i.Imm) is not { } mask) return false;

        // The operand first, and rd last: they may be the same register.
        IrOperand csr = IrOperand.Slot(slot);
        IrOperand operand = i.Op >= Op.Csrrwi ? e.Constant(i.Rs1) : e.Read(i.Rs1);
        IrOperand old = i.Rd == RiscVSlot.Sink ? csr : e.Compute(IrOpcode.Mov, csr);
        IrOperand value = i.Op switch
        {
            Op.Csrrw or Op.Csrrwi => operand,
            Op.Csrrs or Op.Csrrsi => e.Compute(IrOpcode.Or, old, operand),
            _ => e.Compute(IrOpcode.AndNot, old, operand),
        };
        if (mask == -1) e.Emit(IrOpcode.Mov, csr, value);
        else e.Emit(IrOpcode.And, csr, value, e.Constant(mask));
        if (i.Rd != RiscVSlot.Sink) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), old);
        return true;
    }

    private static bool CanRead(int number) => number is CsrNumber.Sstatus or CsrNumber.Mstatus or CsrNumber.Sie || SlotOf(number) is not null;

    private static bool TryRead(in Instruction i, Emission e)
    {
        IrOperand d = IrOperand.Slot(i.Rd);
        if (i.Imm is CsrNumber.Sstatus or CsrNumber.Mstatus) StatusTranslator.Read(i, e);
        else if (i.Imm == CsrNumber.Sie) e.Emit(IrOpcode.And, d, IrOperand.Slot(RiscVSlot.Mie), IrOperand.Slot(RiscVSlot.Mideleg));
        else if (SlotOf(i.Imm) is { } slot) e.Emit(IrOpcode.Mov, d, IrOperand.Slot(slot));
        else return false;
        return true;
    }

    /// <summary>The slot whose value a read gives as it is.</summary>
    private static byte? SlotOf(int number) => number switch
    {
        CsrNumber.Stvec => RiscVSlot.Stvec,
        CsrNumber.Scounteren => RiscVSlot.Scounteren,
        CsrNumber.Senvcfg => RiscVSlot.Senvcfg,
        CsrNumber.Sscratch => RiscVSlot.Sscratch,
        CsrNumber.Sepc => RiscVSlot.Sepc,
        CsrNumber.Scause => RiscVSlot.Scause,
        CsrNumber.Stval => RiscVSlot.Stval,
        CsrNumber.Medeleg => RiscVSlot.Medeleg,
        CsrNumber.Mideleg => RiscVSlot.Mideleg,
        CsrNumber.Mie => RiscVSlot.Mie,
        CsrNumber.Mtvec => RiscVSlot.Mtvec,
        CsrNumber.Mcounteren => RiscVSlot.Mcounteren,
        CsrNumber.Menvcfg => RiscVSlot.Menvcfg,
        CsrNumber.Mscratch => RiscVSlot.Mscratch,
        CsrNumber.Mepc => RiscVSlot.Mepc,
        CsrNumber.Mcause => RiscVSlot.Mcause,
        CsrNumber.Mtval => RiscVSlot.Mtval,
        _ => null,
    };

    /// <summary>The bits that a write changes, if all that it does is to change them.</summary>
    private static long? WritableBits(int number) => number switch
    {
        CsrNumber.Sscratch or CsrNumber.Scause or CsrNumber.Stval or CsrNumber.Mscratch or CsrNumber.Mcause or CsrNumber.Mtval => -1,
        CsrNumber.Sepc or CsrNumber.Mepc => ~1L,
        CsrNumber.Stvec or CsrNumber.Mtvec => ~2L,
        _ => null,
    };
}
