using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// A branch over one or two operations that change one slot becomes a choice between the old value and the new one: nothing is left to be predicted wrong. Compilers for guests that have
/// no conditional moves write such branches where those for the host write conditional moves.
/// </summary>
internal sealed class SelectPass
{
    private const int MostOperations = 2;

    // By label: jumps and branches to it.
    private int[] _uses = new int[64];

    /// <summary>Leaves operations that are not wanted to <see cref="DeadWritePass"/>.</summary>
    /// <param name="branches">Where the branches are.</param>
    public void Run(IrRegion region, ReadOnlySpan<int> branches)
    {
        Span<IrOp> ops = region.Writable;
        bool counted = false;
        foreach (int i in branches)
        {
            if (!TryFindChanges(ops, i, out int first, out int second, out int label)) continue;
            bool asksForZero = AsksForZero(region, ops[i]);

            // Markers make room for the additional operations.
            if ((first >= 0 ? 2 : 1) + (asksForZero ? 1 : 2) > second - i + 1) continue;
            if (!counted) CountUses(region);
            counted = true;
            Choose(region, ops, i, first, second, asksForZero);
            if (--_uses[ops[label].C.Number] == 0) ops[label] = Nothing(region);
        }
    }

    /// <summary>What a branch skips, if it is just that: the last operation, and the one before if there are two; else −1.</summary>
    private static bool TryFindChanges(ReadOnlySpan<IrOp> ops, int branch, out int first, out int last, out int label)
    {
        (first, last, label) = (-1, -1, -1);
        int count = 0;
        for (int i = branch + 1; i < ops.Length; i++)
        {
            ref readonly IrOp op = ref ops[i];
            if (op.Code == IrOpcode.Guest) continue;
            if (op.Code == IrOpcode.Label)
            {
                label = i;
                return count > 0 && op.C == ops[branch].C;
            }

            if (count == MostOperations || !IsCheap(op) || (count > 0 && op.D != ops[last].D)) return false;
            (first, last) = (last, i);
            count++;
        }

        return false;
    }

    /// <summary>Whether it can as well be done in vain, and takes only slots and constants.</summary>
    private static bool IsCheap(in IrOp op) =>
        op.Code is IrOpcode.Mov or IrOpcode.Add or IrOpcode.Sub or (>= IrOpcode.And and <= IrOpcode.Ror) or IrOpcode.ShlAdd
        && op.Type < IrType.F64 && op.D.IsSlot && !op.A.IsTemp && !op.B.IsTemp;

    /// <summary>Whether the condition is one of the choice itself.</summary>
    private static bool AsksForZero(IrRegion region, in IrOp branch) =>
        branch.Condition <= IrCondition.NotEqual && branch.B.IsConstant && region.ValueOf(branch.B) == 0 && !branch.A.IsConstant;

    private static void Choose(IrRegion region, Span<IrOp> ops, int branch, int first, int last, bool asksForZero)
    {
        IrOp condition = ops[branch];
        IrOperand slot = ops[last].D, changed;
        int place = branch;
        if (first < 0 && ops[last] is { Code: IrOpcode.Mov, Type: IrType.I64 } move)
        {
            changed = move.A;
        }
        else
        {
            // One after the other in a temporary, in the branch's instruction.
            changed = region.NewTemp();
            if (first >= 0) ops[place++] = ops[first] with { D = changed };
            IrOp op = ops[last];
            if (first >= 0) op = op with { A = op.A == slot ? changed : op.A, B = op.B == slot ? changed : op.B };
            ops[place++] = op with { D = changed };
        }

        IrOperand holds = condition.A;
        if (!asksForZero)
        {
            holds = region.NewTemp();
            ops[place++] = new IrOp(IrOpcode.Set, IrType.I64, condition.Detail, holds, condition.A, condition.B, IrOperand.None);
        }

        bool keepsIfTrue = !asksForZero || condition.Condition == IrCondition.NotEqual;
        ops[place++] = new IrOp(IrOpcode.Select, IrType.I64, 0, slot, holds, keepsIfTrue ? slot : changed, keepsIfTrue ? changed : slot);
        while (place <= last) ops[place++] = Nothing(region);
    }

    /// <summary>An operation that is not wanted.</summary>
    private static IrOp Nothing(IrRegion region) => new(IrOpcode.Mov, IrType.I64, 0, region.NewTemp(), region.Constant(0), IrOperand.None, IrOperand.None);

    private void CountUses(IrRegion region)
    {
        if (_uses.Length < region.Labels) _uses = new int[2 * region.Labels];
        Array.Clear(_uses);
        foreach (ref readonly IrOp op in region.Ops)
        {
            if (op.Code != IrOpcode.Label && op.C.Kind == IrOperandKind.Label) _uses[op.C.Number]++;
        }
    }
}
