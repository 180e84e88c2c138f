using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Forward, block by block: remembers which slots and temporaries hold constants, sums of a slot and a constant, or numbers that are extended already, and makes
/// operations simpler with that. Replaces operations one by one; what has become unnecessary is left to <see cref="DeadWritePass"/>.
/// </summary>
internal sealed partial class ForwardPass(int pcSlot)
{
    /// <summary>A page's address has so many zeros at its end.</summary>
    private const int PageBits = 12;

    // By place (IrOperand.Place); nothing is ever known of the first.
    private Fact[] _facts = new Fact[IrOperand.Slots + 256];
    private IrRegion _region = new();
    private int _block;

    // The present operation, and the last one before which all slots were seen.
    private int _position;
    private int _seenAt;

    // Since the last label.
    private bool _contextSelected;

    // The last label, if nothing that changes all has followed.
    private IrOperand _head;

    private int[] _branches = new int[64];
    private int _branchCount;

    // A temporary that is never read, once it is needed.
    private IrOperand _nothing;

    /// <summary>Where the region's branches are, for those who look for nothing else.</summary>
    public ReadOnlySpan<int> Branches => _branches.AsSpan(0, _branchCount);

    /// <summary>Whether a branch leads back to the last label before it.</summary>
    public bool HasShortLoops { get; private set; }

    public void Run(IrRegion region)
    {
        _contextSelected = HasShortLoops = false;
        _head = IrOperand.None;
        _branchCount = _seenAt = 0;
        _nothing = IrOperand.None;
        int places = 2 + IrOperand.Slots + region.Temps;
        if (_facts.Length < places) Array.Resize(ref _facts, 2 * places);
        if (_block > int.MaxValue / 2)
        {
            // Long before the numbers run out.
            Array.Clear(_facts);
            _block = 0;
        }

        _region = region;
        _block++;
        Span<IrOp> ops = region.Writable;
        for (int i = 0; i < ops.Length; i++)
        {
            ref IrOp op = ref ops[i];
            _position = i;
            switch (op.Code)
            {
                case IrOpcode.Label or IrOpcode.Step or IrOpcode.StepLast:
                    // Others come here, or others change what they like.
                    _block++;
                    _contextSelected = false;
                    _head = op.C;
                    break;
                case IrOpcode.SelectContext:
                    _contextSelected = true;
                    break;
                case < IrOpcode.Load:
                    Simplify(ref op, ops);
                    RecordInteger(op);
                    break;
                case IrOpcode.Load:
                    _seenAt = i;
                    Record(op, FactKind.Nothing, Fact.ExtensionsOf(op.Type));
                    break;
                case IrOpcode.Store:
                    _seenAt = i;
                    SimplifyStore(ref op);
                    break;
                case IrOpcode.Branch:
                    _seenAt = i;
                    SimplifyBranch(ref op);
                    if (op.Code == IrOpcode.Branch) NoteBranch(op.C);
                    break;
                case IrOpcode.GotoIndirect:
                    SimplifyGoto(ref op);
                    break;
                case < IrOpcode.Fence or IrOpcode.CheckAttention or IrOpcode.Count or IrOpcode.JumpUnlessAttention:
                    _seenAt = i;
                    if (!op.D.IsNone) Record(op, FactKind.Nothing, ExtensionsOfOther(op));
                    break;
                default:
                    if (!op.D.IsNone) Record(op, FactKind.Nothing, ExtensionsOfOther(op));
                    break;
            }
        }
    }

    private void NoteBranch(IrOperand target)
    {
        HasShortLoops |= target == _head;
        if (_branchCount == _branches.Length) Array.Resize(ref _branches, 2 * _branchCount);
        _branches[_branchCount++] = _position;
    }

    private static byte ExtensionsOfOther(in IrOp op) => op.Code switch
    {
        IrOpcode.StoreConditional or IrOpcode.FEqual or IrOpcode.FLess or IrOpcode.FLessOrEqual => Fact.ExtensionsUpTo(1),
        < IrOpcode.Fence => Fact.ExtensionsOf(op.Type),
        >= IrOpcode.FToIntZero and <= IrOpcode.FToInt when op.Detail != IrOp.Unsigned64 => Fact.ExtensionsOf((IrType)op.Detail),
        _ => 0,
    };

    /// <summary>Remembers what an integer operation has written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RecordInteger(in IrOp op)
    {
        byte extensions = 0;
        switch (op.Code)
        {
            case IrOpcode.Add when op.Type == IrType.I64:
                if (!op.B.IsConstant) break;
                RecordOffset(op, _region.ValueOf(op.B), 0);
                return;
            case IrOpcode.Mov when op.Type == IrType.I64:
                extensions = ExtensionsOf(op.A);
                if (TryConstant(op.A, out long value))
                {
                    Record(op, FactKind.Constant, extensions, value);
                    return;
                }

                // A slot that is no sum is not taken as itself plus nothing: it may hold a floating-point number, which sums must not be made of.
                if (!IsSum(op.A)) break;
                RecordOffset(op, 0, extensions);
                return;
            case IrOpcode.And when op.Type == IrType.I64:
                extensions = CommonExtensions(op);
                if (!op.B.IsConstant) break;
                long mask = _region.ValueOf(op.B);
                if (mask >= 0) extensions = Fact.ExtensionsUpTo((ulong)mask);
                if (mask >= 0 || mask < -1L << PageBits || !TryOffset(op.A, out int slot, out long offset) || slot != pcSlot) break;

                // Of the sum of a page's address and a constant only the constant has low bits.
                Record(op, FactKind.Offset, 0, offset & mask, slot);
                return;
            case IrOpcode.Or or IrOpcode.Xor when op.Type == IrType.I64:
                extensions = CommonExtensions(op);
                break;
            case IrOpcode.Set or IrOpcode.BitTest:
                extensions = Fact.ExtensionsUpTo(1);
                break;
            case IrOpcode.Clz or IrOpcode.Ctz or IrOpcode.Popcount:
                extensions = Fact.ExtensionsUpTo(64);
                break;
            case IrOpcode.ShlAdd:
                break;
            case IrOpcode.Shr when op.Type != IrType.I64 && op.B.IsConstant && (_region.ValueOf(op.B) & 31) != 0:
                extensions = (byte)(Fact.ExtensionsUpTo(int.MaxValue) | Fact.ExtensionsOf(op.Type));
                break;
            default:
                extensions = Fact.ExtensionsOf(op.Type);
                break;
        }

        Record(op, FactKind.Nothing, extensions);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RecordOffset(in IrOp op, long value, byte extensions)
    {
        if (TryOffset(op.A, out int slot, out long offset) && op.D != IrOperand.Slot(slot)) Record(op, FactKind.Offset, extensions, offset + value, slot);
        else Record(op, FactKind.Nothing, extensions);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Record(in IrOp op, FactKind kind, byte extensions, long value = 0, int slot = 0)
    {
        int baseWrittenAt = kind == FactKind.Offset ? WrittenAt(slot) : 0;
        ref Fact fact = ref _facts[op.D.Place];
        fact.Block = _block;
        fact.Value = value;
        fact.WrittenAt = _position;
        fact.BaseWrittenAt = baseWrittenAt;
        fact.Base = (short)slot;
        fact.Kind = kind;
        fact.Extensions = extensions;
    }

    /// <summary>The operation of this block that wrote a slot last, or −1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int WrittenAt(int slot)
    {
        ref readonly Fact fact = ref _facts[slot + 1];
        return fact.Block == _block ? fact.WrittenAt : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryConstant(IrOperand operand, out long value)
    {
        if (!operand.HasPlace)
        {
            value = operand.IsConstant ? _region.ValueOf(operand) : 0;
            return operand.IsConstant;
        }

        ref readonly Fact fact = ref _facts[operand.Place];
        value = fact.Value;
        return fact.Block == _block && fact.Kind == FactKind.Constant;
    }

    /// <summary>A slot that still holds what it held, and what the operand is more than that. Of a slot that is nothing else, itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryOffset(IrOperand operand, out int slot, out long offset)
    {
        if (IsSum(operand))
        {
            ref readonly Fact fact = ref _facts[operand.Place];
            (slot, offset) = (fact.Base, fact.Value);
            return true;
        }

        (slot, offset) = (operand.Number, 0);
        return operand.IsSlot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsSum(IrOperand operand)
    {
        ref readonly Fact fact = ref _facts[operand.Place];
        return fact.Block == _block && fact.Kind == FactKind.Offset && WrittenAt(fact.Base) == fact.BaseWrittenAt;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte ExtensionsOf(IrOperand operand)
    {
        if (operand.IsConstant) return ExtensionsOfConstant(_region.ValueOf(operand));
        ref readonly Fact fact = ref _facts[operand.Place];
        return fact.Block == _block ? fact.Extensions : (byte)0;
    }

    /// <summary>Of operations bit by bit: what is equal in the upper bits of both operands is so in those of the result.</summary>
    private byte CommonExtensions(in IrOp op) => (byte)(ExtensionsOf(op.A) & ExtensionsOf(op.B));

    private static byte ExtensionsOfConstant(long value)
    {
        if (value >= 0) return Fact.ExtensionsUpTo((ulong)value);
        return value >= sbyte.MinValue ? Fact.ExtensionsOf(IrType.S8) : value >= short.MinValue ? Fact.ExtensionsOf(IrType.S16) : value >= int.MinValue ? Fact.ExtensionsOf(IrType.S32) : (byte)0;
    }
}
