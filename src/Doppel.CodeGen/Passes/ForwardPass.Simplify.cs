using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>What operations become. A constant takes an operand's place only where hosts have it in the instruction: 32 bits, as the second operand.</summary>
internal sealed partial class ForwardPass
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Simplify(ref IrOp op, Span<IrOp> ops)
    {
        bool knowsA = TryConstant(op.A, out long a);
        bool knowsB = TryConstant(op.B, out long b);
        switch (op.Code)
        {
            case IrOpcode.Mov:
                SimplifyMove(ref op, knowsA, a);
                break;
            case IrOpcode.Select:
                if (knowsA) Move(ref op, a != 0 ? op.B : op.C);
                break;
            case var _ when knowsA && (knowsB || op.B.IsNone):
                long c = op.C.IsConstant ? _region.ValueOf(op.C) : 0;
                Move(ref op, _region.Constant((long)IrInteger.Evaluate(op.Code, op.Type, op.Detail, (ulong)a, (ulong)b, (ulong)c)));
                break;
            case IrOpcode.Add when knowsB && op.Type == IrType.I64 && IsImmediate(b):
                // What most operations are.
                Add(ref op, b);
                break;
            case IrOpcode.Set when knowsA || knowsB:
                SimplifyComparison(ref op, knowsA, a, b);
                break;
            case IrOpcode.ShlAdd:
                SimplifyShlAdd(ref op, knowsA, a, knowsB, b);
                break;
            case var _ when knowsB:
                SimplifyRight(ref op, ops, b);
                break;
            case IrOpcode.Add or IrOpcode.Mul or IrOpcode.And or IrOpcode.Or or IrOpcode.Xor when knowsA:
                SimplifyLeft(ref op, ops, a);
                break;
            case IrOpcode.Add:
                SimplifySum(ref op, ops);
                break;
            case IrOpcode.Or:
                SimplifyUnion(ref op, ops);
                break;
        }
    }

    private void SimplifyMove(ref IrOp op, bool knowsA, long a)
    {
        // A constant that no other instruction holds takes more room than a move.
        if (knowsA && !(op.A.IsConstant && op.Type == IrType.I64) && (IsImmediate(a) || !op.A.IsSlot)) Move(ref op, _region.Constant((long)IrInteger.Extend(op.Type, (ulong)a)));
        else if (op.Type != IrType.I64 && IsExtended(op.A, op.Type)) op = op with { Type = IrType.I64 };
        if (op.D == op.A && op.Type == IrType.I64) Drop(ref op);
    }

    /// <summary>The first operand is known, and the operation does not care for their order.</summary>
    /// <remarks>Not in line: whoever has a copy of an operation clears it beforehand.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SimplifyLeft(ref IrOp op, Span<IrOp> ops, long a)
    {
        IrOp swapped = op with { A = op.B, B = op.A };
        SimplifyRight(ref swapped, ops, a);
        if (swapped.A.IsConstant || swapped.B.IsConstant || swapped.Code == IrOpcode.Mov) op = swapped;
    }

    /// <summary>The second operand is known.</summary>
    private void SimplifyRight(ref IrOp op, Span<IrOp> ops, long b)
    {
        int width = op.Type == IrType.I64 ? 64 : 32;
        if (width == 32) b = (int)b;
        switch (op.Code)
        {
            case IrOpcode.Sub when b != long.MinValue && IsImmediate(-b):
                op = op with { Code = IrOpcode.Add };
                Add(ref op, -b);
                break;
            case IrOpcode.Add when IsImmediate(b):
                Add(ref op, b);
                break;
            case IrOpcode.Or or IrOpcode.Xor when b == 0:
            case IrOpcode.And when b == -1:
            case IrOpcode.Mul when b == 1:
                Narrow(ref op, op.Type, op.A);
                break;
            case IrOpcode.And or IrOpcode.Mul when b == 0:
                Move(ref op, _region.Constant(0));
                break;
            case IrOpcode.And when b is 0xff or 0xffff or 0xffff_ffff:
                Narrow(ref op, b == 0xff ? IrType.U8 : b == 0xffff ? IrType.U16 : IrType.U32, op.A);
                break;
            case IrOpcode.Mul or IrOpcode.DivU or IrOpcode.RemU when IsPowerOfTwo(b, width, out int exponent):
                SimplifyPower(ref op, b, exponent);
                break;
            case IrOpcode.And or IrOpcode.Or or IrOpcode.Xor or IrOpcode.Mul when IsImmediate(b):
                SetRight(ref op, b);
                break;
            case >= IrOpcode.AndNot and <= IrOpcode.XorNot when IsImmediate(~b):
                op = op with { Code = op.Code - IrOpcode.AndNot + IrOpcode.And, B = _region.Constant(~b) };
                SimplifyRight(ref op, ops, ~b);
                break;
            case >= IrOpcode.Shl and <= IrOpcode.Ror:
                b &= width - 1;
                SetRight(ref op, b);
                if (b == 0) Narrow(ref op, op.Type, op.A);
                else if (op.Code is IrOpcode.Shr or IrOpcode.Sar) SimplifyShifts(ref op, ops, (int)b, width);
                break;
            case >= IrOpcode.BitSet and <= IrOpcode.BitTest:
                SetRight(ref op, b & 63);
                break;
        }
    }

    /// <summary>d = a + b. What was itself a sum, and is overwritten now or was temporary, need not be waited for.</summary>
    private void Add(ref IrOp op, long b)
    {
        if (op.Type == IrType.I64 && (op.A == op.D || op.A.IsTemp) && TryOffset(op.A, out int slot, out long offset) && IsImmediate(offset + b))
        {
            op = op with { A = IrOperand.Slot(slot) };
            b += offset;
        }

        if (b == 0) Narrow(ref op, op.Type, op.A);
        else SetRight(ref op, b);
    }

    /// <summary>A constant as the second operand, which mostly is that already.</summary>
    private void SetRight(ref IrOp op, long b)
    {
        IrOperand constant = _region.Constant(b);
        if (op.B != constant) op = op with { B = constant };
    }

    private void SimplifyPower(ref IrOp op, long b, int exponent)
    {
        if (op.Code == IrOpcode.RemU)
        {
            if (IsImmediate(b - 1)) op = op with { Code = IrOpcode.And, B = _region.Constant(b - 1) };
            if (b == 1) Move(ref op, _region.Constant(0));
        }
        else if (exponent == 0)
        {
            Narrow(ref op, op.Type, op.A);
        }
        else
        {
            op = op with { Code = op.Code == IrOpcode.Mul ? IrOpcode.Shl : IrOpcode.Shr, B = _region.Constant(exponent) };
        }
    }

    private void SimplifyShlAdd(ref IrOp op, bool knowsA, long a, bool knowsB, long b)
    {
        int scale = (int)_region.ValueOf(op.C);
        if (knowsA)
        {
            long term = (long)IrInteger.Evaluate(IrOpcode.ShlAdd, op.Type, 0, (ulong)a, 0, (ulong)scale);
            if (IsImmediate(term)) op = op with { Code = IrOpcode.Add, Type = IrType.I64, A = op.B, B = _region.Constant(term), C = IrOperand.None };
            if (op.Code == IrOpcode.Add) Add(ref op, term);
            return;
        }

        if (op.Type == IrType.U32 && IsExtended(op.A, IrType.U32)) op = op with { Type = IrType.I64 };
        if (knowsB && b == 0 && op.Type == IrType.I64 && scale != 0) op = op with { Code = IrOpcode.Shl, B = _region.Constant(scale), C = IrOperand.None };
        else if (knowsB && b == 0 && scale == 0) Narrow(ref op, op.Type, op.A);
        else if (knowsB && IsImmediate(b)) op = op with { B = _region.Constant(b) };
    }

    private void SimplifyStore(ref IrOp op)
    {
        if (op.Type >= IrType.F64 || op.B.IsConstant || !TryConstant(op.B, out long value)) return;
        if (op.Type == IrType.I64 && !IsImmediate(value)) return;
        op = op with { B = _region.Constant(op.Type == IrType.I64 ? value : (int)value) };
    }

    private void SimplifyBranch(ref IrOp op)
    {
        bool knowsA = TryConstant(op.A, out long a);
        bool knowsB = TryConstant(op.B, out long b);
        if (!knowsA && !knowsB) return;
        if (!knowsA || !knowsB) SimplifyComparison(ref op, knowsA, a, b);
        else if (IrInteger.Holds(op.Condition, (ulong)a, (ulong)b)) op = new IrOp(IrOpcode.Jump, IrType.I64, 0, IrOperand.None, IrOperand.None, IrOperand.None, op.C);
        else Drop(ref op);
    }

    /// <summary>An address at a known distance from the page needs no look-up, unless code there may be another now.</summary>
    private void SimplifyGoto(ref IrOp op)
    {
        if (_contextSelected || !TryOffset(op.A, out int slot, out long distance) || slot != pcSlot || !IsImmediate(distance)) return;
        op = new IrOp(IrOpcode.Goto, IrType.I64, 0, IrOperand.None, _region.Constant(distance), IrOperand.None, IrOperand.None);
    }

    /// <summary>One of the operands of a comparison is known: it goes to the right.</summary>
    private void SimplifyComparison(ref IrOp op, bool knowsA, long a, long b)
    {
        IrCondition condition = op.Condition;
        IrOperand left = op.A;
        if (knowsA)
        {
            // c < x is x >= c + 1, unless that overflows.
            bool less = condition >= IrCondition.LessSigned;
            long last = condition is IrCondition.LessSigned or IrCondition.GreaterOrEqualSigned ? long.MaxValue : -1;
            if (less && a == last) return;
            if (less) condition = Opposite(condition);
            left = op.B;
            b = less ? a + 1 : a;
        }

        if (!IsImmediate(b)) return;
        if (b == 1 && condition is IrCondition.LessUnsigned or IrCondition.GreaterOrEqualUnsigned)
        {
            condition = condition == IrCondition.LessUnsigned ? IrCondition.Equal : IrCondition.NotEqual;
            b = 0;
        }

        op = op with { Detail = (byte)condition, A = left, B = _region.Constant(b) };
    }

    /// <summary>Conditions stand in pairs.</summary>
    private static IrCondition Opposite(IrCondition condition) => (IrCondition)((int)condition ^ 1);

    private void Narrow(ref IrOp op, IrType type, IrOperand a)
    {
        if (type != IrType.I64 && IsExtended(a, type)) type = IrType.I64;
        op = new IrOp(IrOpcode.Mov, type, 0, op.D, a, IrOperand.None, IrOperand.None);
        if (op.D == a && type == IrType.I64) Drop(ref op);
    }

    private bool IsExtended(IrOperand a, IrType type) => (ExtensionsOf(a) >> (int)type & 1) != 0;

    /// <summary>Makes an operation one that the backward pass removes: a result that nobody reads.</summary>
    private void Drop(ref IrOp op)
    {
        if (_nothing.IsNone) _nothing = _region.NewTemp();
        op = new IrOp(IrOpcode.Mov, IrType.I64, 0, _nothing, _region.Constant(0), IrOperand.None, IrOperand.None);
    }

    private static void Move(ref IrOp op, IrOperand a) => op = new IrOp(IrOpcode.Mov, IrType.I64, 0, op.D, a, IrOperand.None, IrOperand.None);

    private static bool IsImmediate(long value) => value == (int)value;

    /// <summary>Whether an unsigned number of the width is a power of two.</summary>
    private static bool IsPowerOfTwo(long value, int width, out int exponent)
    {
        ulong number = width == 64 ? (ulong)value : (uint)value;
        exponent = BitOperations.TrailingZeroCount(number);
        return BitOperations.IsPow2(number);
    }
}
