// RV64I 2.1: RISC-V Unprivileged ISA, chapter rv32, "Control Transfer Instructions".
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Jumps and branches.</summary>
internal static class ControlTranslator
{
    /// <param name="turned">The code that follows is the branch's target, so that it must go to what is behind it if the condition does not hold.</param>
    public static void Branch(in Instruction i, Emission e, bool turned)
    {
        // The conditions are in the order of the branches, and in pairs of opposites.
        var condition = (IrCondition)(i.Op - Op.Beq);
        if (turned) condition ^= (IrCondition)1;
        int distance = turned ? i.Length : i.Imm;
        e.Region.Emit(IrOpcode.Branch, a: e.Read(i.Rs1), b: e.Read(i.Rs2), c: e.Labels.ForBranch(e.Distance + (long)distance, e.Distance), detail: (byte)condition);
    }

    public static void Jump(in Instruction i, Emission e)
    {
        if (i.Op == Op.Jal) Jal(i, e);
        else Jalr(i, e);
    }

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
        if (e.TryGetAddress(i.Rs1, out long distance))
        {
            // The second half of a far call or jump: where it leads is known.
            if (i.Rd != RiscVSlot.Sink) SetLink(i, e);
            e.Goto((distance + i.Imm) & ~1L);
            return;
        }

        // The target first: rd may be rs1.
        IrOperand sum = i.Imm == 0 ? e.Read(i.Rs1) : e.Compute(IrOpcode.Add, e.Read(i.Rs1), e.Constant(i.Imm));
        IrOperand target = e.Compute(IrOpcode.And, sum, e.Constant(~1L));
        if (i.Rd != RiscVSlot.Sink) SetLink(i, e);
        e.Region.Emit(IrOpcode.GotoIndirect, a: target);
    }

    private static void SetLink(in Instruction i, Emission e) =>
        e.Emit(IrOpcode.Add, IrOperand.Slot(i.Rd), e.Pc, e.Constant(e.Distance + i.Length));
}
