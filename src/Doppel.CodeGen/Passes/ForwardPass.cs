using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Forward, block by block: remembers which slots and temporaries hold constants, sums of a slot and a constant, or numbers that are extended already, and makes
/// operations simpler with that. Replaces operations one by one; what has become unnecessary is left to <see cref="DeadWritePass"/>.
/// </summary>
internal sealed partial class ForwardPass(int pcSlot)
{
    /// <summary>Slots of the CPU state that operations may name.</summary>
    public const int Slots = 1024;

    /// <summary>A page's address has so many zeros at its end.</summary>
    private const int PageBits = 12;

    // Slots, then temporaries.
    private Fact[] _facts = new Fact[Slots + 64];
    private IrRegion _region = new();
    private long _block;
    private int _position;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(IrRegion region)
    {
        if (_facts.Length < Slots + region.Temps) Array.Resize(ref _facts, Slots + 2 * region.Temps);
        _region = region;
        _block++;
        Span<IrOp> ops = region.Writable;
        for (_position = 0; _position < ops.Length; _position++)
        {
            ref IrOp op = ref ops[_position];
            switch (op.Code)
            {
                case IrOpcode.Guest:
                    break;
                case IrOpcode.Label or IrOpcode.Step or IrOpcode.StepLast:
                    // Others come here, or others change what they like.
                    _block++;
                    break;
                case < IrOpcode.Load:
                    Simplify(ref op, ops);
                    RecordInteger(op);
                    break;
                case IrOpcode.Load:
                    Record(op.D, FactKind.Nothing, Fact.ExtensionsOf(op.Type));
                    break;
                case IrOpcode.Store:
                    SimplifyStore(ref op);
                    break;
                case IrOpcode.Branch:
                    SimplifyBranch(ref op);
                    break;
                case IrOpcode.GotoIndirect:
                    SimplifyGoto(ref op);
                    break;
                default:
                    if (!op.D.IsNone) Record(op.D, FactKind.Nothing, ExtensionsOfOther(op));
                    break;
            }
        }
    }

    private static byte ExtensionsOfOther(in IrOp op) => op.Code switch
    {
        IrOpcode.StoreConditional or IrOpcode.FEqual or IrOpcode.FLess or IrOpcode.FLessOrEqual => Fact.ExtensionsUpTo(1),
        < IrOpcode.Fence => Fact.ExtensionsOf(op.Type),
        IrOpcode.FToInt or IrOpcode.FToIntZero when op.Detail != IrOp.Unsigned64 => Fact.ExtensionsOf((IrType)op.Detail),
        _ => 0,
    };

    /// <summary>Remembers what an integer operation has written.</summary>
    private void RecordInteger(in IrOp op)
    {
        byte extensions = op.Code switch
        {
            IrOpcode.Set or IrOpcode.BitTest => Fact.ExtensionsUpTo(1),
            IrOpcode.Clz or IrOpcode.Ctz or IrOpcode.Popcount => Fact.ExtensionsUpTo(64),
            IrOpcode.ShlAdd => 0,
            _ => Fact.ExtensionsOf(op.Type),
        };
        if (op.Type == IrType.I64)
        {
            switch (op.Code)
            {
                case IrOpcode.Mov when TryConstant(op.A, out long value):
                    Record(op.D, FactKind.Constant, ExtensionsOfConstant(value), value);
                    return;
                case IrOpcode.Mov when IsSum(op.A):
                    RecordOffset(op, 0, ExtensionsOf(op.A));
                    return;
                case IrOpcode.Mov:
                    // Not the slot plus nothing: that may hold a floating-point number, which sums must not be made of.
                    extensions = ExtensionsOf(op.A);
                    break;
                case IrOpcode.Add when op.B.IsConstant:
                    RecordOffset(op, _region.ValueOf(op.B), 0);
                    return;
                case IrOpcode.And when op.B.IsConstant:
                    long mask = _region.ValueOf(op.B);
                    if (mask >= 0) extensions = Fact.ExtensionsUpTo((ulong)mask);
                    else if (mask >= -1L << PageBits && TryOffset(op.A, out int slot, out long offset) && slot == pcSlot)
                    {
                        // Of the sum of a page's address and a constant only the constant has low bits.
                        Record(op.D, FactKind.Offset, 0, offset & mask, slot);
                        return;
                    }

                    break;
            }
        }
        else if (op.Code == IrOpcode.Shr && op.B.IsConstant && (_region.ValueOf(op.B) & 31) != 0)
        {
            extensions |= Fact.ExtensionsUpTo(int.MaxValue);
        }

        Record(op.D, FactKind.Nothing, extensions);
    }

    private void RecordOffset(in IrOp op, long value, byte extensions)
    {
        if (TryOffset(op.A, out int slot, out long offset) && op.D != IrOperand.Slot(slot)) Record(op.D, FactKind.Offset, extensions, offset + value, slot);
        else Record(op.D, FactKind.Nothing, extensions);
    }

    private void Record(IrOperand d, FactKind kind, byte extensions, long value = 0, int slot = 0)
    {
        int baseWrittenAt = kind == FactKind.Offset ? WrittenAt(slot) : 0;
        ref Fact fact = ref _facts[Index(d)];
        fact.Block = _block;
        fact.Value = value;
        fact.WrittenAt = _position;
        fact.BaseWrittenAt = baseWrittenAt;
        fact.Base = (short)slot;
        fact.Kind = kind;
        fact.Extensions = extensions;
    }

    /// <summary>The operation of this block that wrote a slot last, or −1.</summary>
    private int WrittenAt(int slot) => _facts[slot].Block == _block ? _facts[slot].WrittenAt : -1;

    private bool TryConstant(IrOperand operand, out long value)
    {
        if (operand.IsConstant)
        {
            value = _region.ValueOf(operand);
            return true;
        }

        value = 0;
        if (operand.IsNone) return false;
        ref readonly Fact fact = ref _facts[Index(operand)];
        value = fact.Value;
        return fact.Block == _block && fact.Kind == FactKind.Constant;
    }

    /// <summary>A slot that still holds what it held, and what the operand is more than that. Of a slot that is nothing else, itself.</summary>
    private bool TryOffset(IrOperand operand, out int slot, out long offset)
    {
        (slot, offset) = (0, 0);
        if (!operand.IsSlot && !operand.IsTemp) return false;
        if (IsSum(operand))
        {
            ref readonly Fact fact = ref _facts[Index(operand)];
            (slot, offset) = (fact.Base, fact.Value);
            return true;
        }

        slot = operand.Number;
        return operand.IsSlot;
    }

    private bool IsSum(IrOperand operand)
    {
        ref readonly Fact fact = ref _facts[Index(operand)];
        return fact.Block == _block && fact.Kind == FactKind.Offset && WrittenAt(fact.Base) == fact.BaseWrittenAt;
    }

    private byte ExtensionsOf(IrOperand operand)
    {
        if (operand.IsConstant) return ExtensionsOfConstant(_region.ValueOf(operand));
        ref readonly Fact fact = ref _facts[Index(operand)];
        return fact.Block == _block ? fact.Extensions : (byte)0;
    }

    private static byte ExtensionsOfConstant(long value)
    {
        if (value >= 0) return Fact.ExtensionsUpTo((ulong)value);
        return value >= sbyte.MinValue ? Fact.ExtensionsOf(IrType.S8) : value >= short.MinValue ? Fact.ExtensionsOf(IrType.S16) : value >= int.MinValue ? Fact.ExtensionsOf(IrType.S32) : (byte)0;
    }

    private static int Index(IrOperand operand) => operand.IsSlot ? operand.Number : Slots + operand.Number;
}
