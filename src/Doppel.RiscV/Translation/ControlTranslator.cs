// RV64I 2.1: RISC-V Unprivileged ISA, chapter rv32, "Control Transfer Instructions".
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Jumps and branches.</summary>
internal static class ControlTranslator
{
    public static void Translate(in Instruction i, Emission e, RegionLabels labels)
    {
        switch (i.Op)
        {
            case Op.Jal:
                Jal(i, e);
                break;
            case Op.Jalr:
                Jalr(i, e);
                break;
            case Op.Beq:
                Branch(i, e, labels, IrCondition.Equal);
                break;
            case Op.Bne:
                Branch(i, e, labels, IrCondition.NotEqual);
                break;
            case Op.Blt:
                Branch(i, e, labels, IrCondition.LessSigned);
                break;
            case Op.Bge:
                Branch(i, e, labels, IrCondition.GreaterOrEqualSigned);
                break;
            case Op.Bltu:
                Branch(i, e, labels, IrCondition.LessUnsigned);
                break;
            default:
                Branch(i, e, labels, IrCondition.GreaterOrEqualUnsigned);
                break;
        }
    }

    private static void Branch(in Instruction i, Emission e, RegionLabels labels, IrCondition condition) =>
        e.Region.Emit(IrOpcode.Branch, a: e.Read(i.Rs1), b: e.Read(i.Rs2), c: labels.ForBranch(e.Distance + (long)i.Imm), detail: (byte)condition);

    private static void Jal(in Instruction i, Emission e)
    {
        long target = e.Distance + (long)i.Imm;
        if (i.Rd == RiscVSlot.Sink)
        {
            // Within the page the target, or a link to it, is next in the region.
            if ((ulong)target < RegionWalk.PageSize) return;
        }
        else
        {
            SetLink(i, e);
        }

        e.Goto(target);
    }

    private static void Jalr(in Instruction i, Emission e)
    {
        // The target first: rd may be rs1.
        IrOperand sum = i.Imm == 0 ? e.Read(i.Rs1) : e.Compute(IrOpcode.Add, e.Read(i.Rs1), e.Constant(i.Imm));
        IrOperand target = e.Compute(IrOpcode.And, sum, e.Constant(~1L));
        if (i.Rd != RiscVSlot.Sink) SetLink(i, e);
        e.Region.Emit(IrOpcode.GotoIndirect, a: target);
    }

    private static void SetLink(in Instruction i, Emission e) =>
        e.Emit(IrOpcode.Add, IrOperand.Slot(i.Rd), e.Pc, e.Constant(e.Distance + i.Length));
}
