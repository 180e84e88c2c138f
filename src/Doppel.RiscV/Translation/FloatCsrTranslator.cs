// F 2.2: RISC-V Unprivileged ISA, chapter f-st-ext, "Floating-Point Control and Status Register".
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// fflags, and reads of frm and fcsr, while mstatus.FS is Dirty. While translated code runs, the flags of the slot are some of those that the operations have; writes
/// set both.
/// </summary>
internal static class FloatCsrTranslator
{
    private const long Flags = 0x1f, Rounding = 0xe0;
    private const int RoundingShift = 5;

    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryTranslate(in Instruction i, Emission e, bool writes)
    {
        if (!e.Mode.FloatDirty) return false;
        if (!writes)
        {
            if (i.Rd != RiscVSlot.Sink) Read(i, e);
            return true;
        }

        // Another rounding mode is another mode of translation.
        if (i.Imm != CsrNumber.Fflags) return false;
        Write(i, e);
        return true;
    }

    private static void Read(in Instruction i, Emission e)
    {
        IrOperand d = IrOperand.Slot(i.Rd), fcsr = IrOperand.Slot(RiscVSlot.Fcsr);
        switch (i.Imm)
        {
            case CsrNumber.Fflags:
                e.Region.Emit(IrOpcode.FReadFlags, d: d);
                break;
            case CsrNumber.Frm:
                e.Emit(IrOpcode.And, d, e.Compute(IrOpcode.Shr, fcsr, e.Constant(RoundingShift)), e.Constant(Rounding >> RoundingShift));
                break;
            default:
                e.Emit(IrOpcode.Or, d, e.Compute(IrOpcode.And, fcsr, e.Constant(Rounding)), e.Compute(IrOpcode.FReadFlags, default));
                break;
        }
    }

    private static void Write(in Instruction i, Emission e)
    {
        IrOperand fcsr = IrOperand.Slot(RiscVSlot.Fcsr);
        bool replaces = i.Op is Op.Csrrw or Op.Csrrwi;
        IrOperand operand = i.Op >= Op.Csrrwi ? e.Constant(i.Rs1) : e.Read(i.Rs1);
        IrOperand old = replaces && i.Rd == RiscVSlot.Sink ? default : e.Compute(IrOpcode.FReadFlags, default);
        IrOperand value = i.Op switch
        {
            Op.Csrrw or Op.Csrrwi => operand,
            Op.Csrrs or Op.Csrrsi => e.Compute(IrOpcode.Or, old, operand),
            _ => e.Compute(IrOpcode.AndNot, old, operand),
        };
        IrOperand flags = e.Compute(IrOpcode.And, value, e.Constant(Flags));
        e.Region.Emit(IrOpcode.FWriteFlags, a: flags);
        e.Emit(IrOpcode.Or, fcsr, e.Compute(IrOpcode.And, fcsr, e.Constant(~Flags)), flags);

        // rd last: it may be the operand.
        if (i.Rd != RiscVSlot.Sink) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), old);
    }
}
