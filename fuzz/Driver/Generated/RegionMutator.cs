using Doppel.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Fuzz.Generated;

/// <summary>
/// Changes operations of a region: other widths, displacements, constants, slots and operations than its maker would have chosen. What ends loops, what keeps jumps even and what
/// is a floating-point number stays.
/// </summary>
internal sealed class RegionMutator(RegionPlan plan)
{
    private const int Even = -2;

    public void Mutate(IrRegion region, Random random)
    {
        for (int count = random.Next(1, 8); count > 0; count--)
        {
            ref IrOp op = ref region.Writable[random.Next(region.Count)];
            if (op.Code is IrOpcode.Load or IrOpcode.Store) op = Access(region, op, random);
            else if (op.Code is >= IrOpcode.LoadReserved and <= IrOpcode.AtomicMaxU) op = Atomic(op, random);
            else if (op.Code is > IrOpcode.Mov and <= IrOpcode.Select && !IsKept(region, op)) op = Integer(region, op, random);
        }
    }

    private bool IsKept(IrRegion region, in IrOp op) => (op.D.IsSlot && plan.Counters.Contains(op.D.Number)) || (op.B.IsConstant && region.ValueOf(op.B) == Even);

    private IrOp Access(IrRegion region, IrOp op, Random random)
    {
        op = op with { C = region.Constant(RandomValues.HostileDisplacement(random)) };
        if (op.Type < IrType.F64 && random.Next(2) == 0) op = op with { Type = (IrType)random.Next(7) };
        if (op.A.IsSlot && random.Next(2) == 0) op = op with { A = Slot(random) };
        return op;
    }

    private IrOp Atomic(IrOp op, Random random)
    {
        if (random.Next(2) == 0) op = op with { A = Slot(random) };
        if (random.Next(2) == 0) op = op with { Type = op.Type == IrType.I64 ? IrType.S32 : IrType.I64 };
        if (op.Code >= IrOpcode.AtomicSwap && random.Next(2) == 0) op = op with { Code = (IrOpcode)random.Next((int)IrOpcode.AtomicSwap, (int)IrOpcode.AtomicMaxU + 1) };
        return op;
    }

    private IrOp Integer(IrRegion region, IrOp op, Random random)
    {
        if (op.B.IsConstant && random.Next(2) == 0) op = op with { B = region.Constant(RandomValues.Integer(random)) };
        if (op.A.IsSlot && op.A.Number != plan.PcSlot && random.Next(2) == 0) op = op with { A = Slot(random) };
        if (op.B.IsSlot && random.Next(2) == 0) op = op with { B = Slot(random) };
        return op;
    }

    private IrOperand Slot(Random random) => IrOperand.Slot(plan.Integers[random.Next(plan.Integers.Count)]);
}
