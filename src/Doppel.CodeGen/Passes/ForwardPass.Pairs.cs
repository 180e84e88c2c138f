using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Operations that guests need several of and hosts one. What was a first step becomes unnecessary only if its result is overwritten by the last and seen by nobody
/// in between: either it has its operand in another slot, so that it can stay and the backward pass decides, or the steps follow each other.
/// </summary>
internal sealed partial class ForwardPass
{
    /// <summary>Left by so much and right again extends a number.</summary>
    private void SimplifyShifts(ref IrOp op, Span<IrOp> ops, int count, int width)
    {
        if (!TryLast(op.A, out int position)) return;
        ref IrOp first = ref ops[position];
        if (first.Type != op.Type || !IsShift(first, IrOpcode.Shl, count)) return;
        bool signed = op.Code == IrOpcode.Sar;
        IrType? type = (width - count) switch
        {
            32 => signed ? IrType.S32 : IrType.U32,
            16 => signed ? IrType.S16 : IrType.U16,
            8 => signed ? IrType.S8 : IrType.U8,
            _ => null,
        };
        if (type is not { } narrow) return;
        if (first.A != first.D)
        {
            if (WrittenAt(first.A.Number) < position) Narrow(ref op, narrow, first.A);
        }
        else if (op.D == op.A && position == _position - 1)
        {
            op = new IrOp(IrOpcode.Mov, narrow, 0, op.D, op.A, IrOperand.None, IrOperand.None);
            Drop(ref first);
        }
    }

    /// <summary>A sum with an index that was scaled for it, and perhaps extended from 32 bits before that.</summary>
    private void SimplifySum(ref IrOp op, Span<IrOp> ops)
    {
        if (op.Type != IrType.I64 || op.A == op.B) return;
        if (op.A == op.D) TryScale(ref op, ops, op.A, op.B);
        else if (op.B == op.D) TryScale(ref op, ops, op.B, op.A);
    }

    private void TryScale(ref IrOp op, Span<IrOp> ops, IrOperand index, IrOperand other)
    {
        if (!TryLast(index, out int position) || position < _seenAt) return;
        ref IrOp last = ref ops[position];
        if (!last.B.IsConstant || last.Type != IrType.I64) return;
        int count = (int)_region.ValueOf(last.B);
        if (IsShift(last, IrOpcode.Shl, count) && count <= 3)
        {
            if (last.A == index ? position != _position - 1 : WrittenAt(last.A.Number) > position) return;
            op = new IrOp(IrOpcode.ShlAdd, IrType.I64, 0, op.D, last.A, other, last.B);
            if (last.A == index) Drop(ref last);
        }
        else if (IsShift(last, IrOpcode.Shr, count) && count is > 28 and < 32 && last.A == index && position == _position - 1)
        {
            int before = position - 1;
            if (before < 0 || ops[before].D != index || ops[before].Type != IrType.I64 || !IsShift(ops[before], IrOpcode.Shl, 32)) return;
            IrOperand source = ops[before].A;
            if (source != index && WrittenAt(source.Number) > before) return;
            op = new IrOp(IrOpcode.ShlAdd, IrType.U32, 0, op.D, source, other, _region.Constant(32 - count));
            Drop(ref ops[before]);
            Drop(ref last);
        }
    }

    /// <summary>What was shifted to the left beside what the same value has lost by it: a rotation.</summary>
    private void SimplifyUnion(ref IrOp op, Span<IrOp> ops)
    {
        if (op.Type != IrType.I64 || !TryLast(op.A, out int first) || !TryLast(op.B, out int second)) return;
        if (ops[first].Code == IrOpcode.Shr) (first, second) = (second, first);
        ref readonly IrOp left = ref ops[first], right = ref ops[second];
        if (left.Code != IrOpcode.Shl || right.Code != IrOpcode.Shr || left.A != right.A || left.Type != right.Type || !left.A.IsSlot || !left.B.IsConstant || !right.B.IsConstant) return;
        int count = (int)_region.ValueOf(right.B), width = left.Type == IrType.I64 ? 64 : 32;
        if (left.Type == IrType.U32 || count + _region.ValueOf(left.B) != width || WrittenAt(left.A.Number) >= Math.Min(first, second)) return;
        op = new IrOp(IrOpcode.Ror, left.Type, 0, op.D, left.A, right.B, IrOperand.None);
    }

    /// <summary>Where a slot was written in this block.</summary>
    private bool TryLast(IrOperand operand, out int position)
    {
        ref readonly Fact fact = ref _facts[operand.Place];
        position = fact.WrittenAt;
        return operand.IsSlot && fact.Block == _block;
    }

    /// <summary>Whether it shifts a slot by so much.</summary>
    private bool IsShift(in IrOp op, IrOpcode code, int count) => op.Code == code && op.A.IsSlot && op.B.IsConstant && _region.ValueOf(op.B) == count;
}
