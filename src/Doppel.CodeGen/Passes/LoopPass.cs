using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Loops of one block: what a turn computes and the next one overwrites before anybody sees it is computed only where the loop is left. As that is where something wants attention or
/// behind the loop, such operations move there, twice:
/// <code>
/// @0:                             @0:
/// check_attention                 check_attention
///                                 @2:
///     t0 = …                          (the rest of the turn)
///     (the rest of the turn)          branch.eq a0, 0, @3
///     branch.ne a0, 0, @0             jump_unless_attention @2
///                                     t0 = …
///                                     jump @0
///                                 @3:
///                                     t0 = …
/// </code>
/// </summary>
internal sealed class LoopPass
{
    /// <summary>Operations on slots beyond stay where they are.</summary>
    private const int WatchedSlots = 64;
    private const int MostMoved = 32;

    // Where the operations are that move, from the last to the first.
    private readonly int[] _positions = new int[MostMoved];
    private readonly IrOp[] _moved = new IrOp[MostMoved];
    private int _count;

    public void Run(IrRegion region)
    {
        int head = -1;
        for (int i = 0; i < region.Count; i++)
        {
            ref readonly IrOp op = ref region.Ops[i];
            if (op.Code == IrOpcode.Label) head = i;
            else if (op.Code == IrOpcode.Branch && head >= 0 && op.C == region.Ops[head].C) i = Shorten(region, head, i);
        }
    }

    /// <summary>Returns the last operation of the loop.</summary>
    /// <param name="head">Its label.</param>
    /// <param name="branch">Its way back.</param>
    private int Shorten(IrRegion region, int head, int branch)
    {
        Span<IrOp> ops = region.Writable;
        if (ops[head + 1].Code != IrOpcode.CheckAttention) return branch;
        ulong hidden = FindHidden(ops[(head + 2)..branch]);
        if (hidden == 0 || !StandsAlone(region, head, branch)) return branch;
        FindMoved(ops, head + 2, branch, hidden);
        return _count == 0 ? branch : Move(region, head, branch);
    }

    /// <summary>The slots that a turn overwrites before it reads them and before it may be left: what the turn before it has left in them is not seen.</summary>
    private static ulong FindHidden(ReadOnlySpan<IrOp> turn)
    {
        ulong read = 0, hidden = 0;
        foreach (ref readonly IrOp op in turn)
        {
            if (ShowsSlots(op.Code)) break;
            read |= OperandsOf(op);
            hidden |= Bit(op.D) & ~read;
        }

        return hidden;
    }

    /// <summary>Labels may stand at the loop's head and behind it: no guest instruction has begun before its first operation, or goes on behind its last.</summary>
    private static bool StandsAlone(IrRegion region, int head, int branch)
    {
        bool ends = region.Ops[branch + 1].Code is IrOpcode.Label or IrOpcode.Jump or IrOpcode.Goto;
        foreach (ref readonly GuestStart start in region.Starts)
        {
            if (start.First == head + 1) return false;
            ends |= start.First == branch + 1;
        }

        return ends;
    }

    /// <summary>
    /// From the end of the turn to the first operation before which slots are seen: operations that have the same operands at the end, and whose results nobody needs before, but such as
    /// move, too. What stays and is needed by them there must be kept for them.
    /// </summary>
    private void FindMoved(Span<IrOp> ops, int first, int branch, ulong hidden)
    {
        // By operations that stay, until the end; and by those that move, of what it is then.
        ulong read = OperandsOf(ops[branch]), written = 0, needed = 0;
        _count = 0;
        for (int i = branch - 1; i >= first && !ShowsSlots(ops[i].Code); i--)
        {
            ref IrOp op = ref ops[i];
            ulong d = Bit(op.D), operands = OperandsOf(op);
            if ((d & hidden & ~(read | written)) != 0 && (operands & written) == 0 && MayMove(op) && _count < MostMoved)
            {
                _positions[_count++] = i;
                needed = needed & ~d | operands;
                continue;
            }

            if ((d & needed) != 0) op.IsBrief = false;
            needed &= ~d;
            read |= operands;
            written |= d;
        }
    }

    private static bool MayMove(in IrOp op) => op.Code < IrOpcode.Load && IsWatched(op.A) && IsWatched(op.B) && IsWatched(op.C);

    private int Move(IrRegion region, int head, int branch)
    {
        ReadOnlySpan<int> positions = _positions.AsSpan(0, _count);
        Span<IrOp> moved = _moved.AsSpan(0, _count);
        for (int i = 0; i < moved.Length; i++) moved[i] = region.Ops[positions[^(i + 1)]];
        region.Remove(positions);
        branch -= moved.Length;

        IrOperand turn = region.NewLabel(), end = region.NewLabel();
        Span<IrOp> behind = region.Insert(branch + 1, 2 * moved.Length + 3);
        ref IrOp back = ref region.Writable[branch];
        behind[0] = Control(IrOpcode.JumpUnlessAttention, turn);
        moved.CopyTo(behind[1..]);
        behind[moved.Length + 1] = Control(IrOpcode.Jump, back.C);
        behind[moved.Length + 2] = Control(IrOpcode.Label, end);
        moved.CopyTo(behind[(moved.Length + 3)..]);
        back = back with { Detail = (byte)(back.Detail ^ 1), C = end };
        region.Insert(head + 2, 1)[0] = Control(IrOpcode.Label, turn);
        return branch + 1 + behind.Length;
    }

    private static IrOp Control(IrOpcode code, IrOperand label) => new(code, IrType.I64, 0, IrOperand.None, IrOperand.None, IrOperand.None, label);

    /// <summary>Whether the region, or the loop, may be left there.</summary>
    private static bool ShowsSlots(IrOpcode code) =>
        IrSignature.Of(code).Has(IrEffects.Leaves) || code is IrOpcode.Jump or IrOpcode.Branch or IrOpcode.JumpUnlessAttention;

    private static ulong OperandsOf(in IrOp op) => Bit(op.A) | Bit(op.B) | Bit(op.C);

    private static bool IsWatched(IrOperand operand) => operand.Place <= WatchedSlots;

    /// <summary>Of a slot; nothing of what is none.</summary>
    private static ulong Bit(IrOperand operand)
    {
        uint slot = (uint)operand.Place - 1;
        return slot < WatchedSlots ? 1UL << (int)slot : 0;
    }
}
