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
        bool counted = false;

        // From the last to the first, so that those that are still to come stay where they are.
        for (int n = branches.Length - 1; n >= 0; n--)
        {
            int branch = branches[n];
            if (!TryFindChanges(region.Ops, branch, out int last)) continue;
            if (!counted) CountUses(region);
            counted = true;

            // The branch gives its place to the choice; a comparison needs one more.
            bool asksForZero = AsksForZero(region, region.Ops[branch]);
            int room = asksForZero ? 0 : 1;
            region.Join(branch, last, room);
            Choose(region, region.Writable[branch..(last + room + 1)], asksForZero);
            ref IrOp label = ref region.Writable[last + room + 1];
            if (--_uses[label.C.Payload] == 0) label = Nothing(region);
        }
    }

    /// <summary>The last operation that a branch skips, if it skips just such that can be chosen.</summary>
    private static bool TryFindChanges(ReadOnlySpan<IrOp> ops, int branch, out int last)
    {
        last = branch;
        for (int i = branch + 1; i < ops.Length; i++)
        {
            ref readonly IrOp op = ref ops[i];
            if (op.Code == IrOpcode.Label) return last > branch && op.C == ops[branch].C;
            if (last == branch + MostOperations || !IsCheap(op) || (last > branch && op.D != ops[last].D)) return false;
            last = i;
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

    /// <param name="ops">The branch, what it skips, and room for what is more.</param>
    private static void Choose(IrRegion region, Span<IrOp> ops, bool asksForZero)
    {
        IrOp condition = ops[0];
        int skipped = asksForZero ? ops.Length - 1 : ops.Length - 2, place = 0;
        IrOperand slot = ops[skipped].D, changed;
        if (skipped == 1 && ops[skipped] is { Code: IrOpcode.Mov, Type: IrType.I64 } move)
        {
            changed = move.A;
        }
        else
        {
            // One after the other in a temporary, in the branch's instruction.
            changed = region.NewTemp();
            for (int i = 1; i <= skipped; i++)
            {
                IrOp op = ops[i];
                if (i > 1) op = op with { A = op.A == slot ? changed : op.A, B = op.B == slot ? changed : op.B };
                ops[place++] = op with { D = changed };
            }
        }

        IrOperand holds = condition.A;
        if (!asksForZero)
        {
            holds = region.NewTemp();
            ops[place++] = new IrOp(IrOpcode.Set, IrType.I64, condition.Detail, holds, condition.A, condition.B, IrOperand.None);
        }

        bool keepsIfTrue = !asksForZero || condition.Condition == IrCondition.NotEqual;
        ops[place++] = new IrOp(IrOpcode.Select, IrType.I64, 0, slot, holds, keepsIfTrue ? slot : changed, keepsIfTrue ? changed : slot);
        while (place < ops.Length) ops[place++] = Nothing(region);
    }

    /// <summary>An operation that is not wanted.</summary>
    private static IrOp Nothing(IrRegion region) => new(IrOpcode.Mov, IrType.I64, 0, region.NewTemp(), region.Constant(0), IrOperand.None, IrOperand.None);

    private void CountUses(IrRegion region)
    {
        if (_uses.Length < region.Labels) _uses = new int[2 * region.Labels];
        Array.Clear(_uses);
        foreach (ref readonly IrOp op in region.Ops)
        {
            if (op.Code is IrOpcode.Jump or IrOpcode.Branch or IrOpcode.JumpUnlessAttention) _uses[op.C.Payload]++;
        }
    }
}
