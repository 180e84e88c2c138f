using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.Ir;

/// <summary>What an operand is.</summary>
public enum IrOperandKind : byte
{
    None,

    /// <summary>A constant that fits 29 bits, sign-extended, in the operand itself.</summary>
    Small,

    /// <summary>A constant in the region's pool.</summary>
    Pooled,

    /// <summary>A place in the region.</summary>
    Label,

    /// <summary>A slot of the CPU state.</summary>
    Slot,

    /// <summary>A value that lives within one guest instruction; written before it is read.</summary>
    Temp,
}

/// <summary>An operand in 32 bits: three for its kind, the rest a number.</summary>
public readonly record struct IrOperand
{
    /// <summary>Slots that there may be.</summary>
    internal const int Slots = 1024;

    private const int NumberBits = 29;
    private readonly int _bits;

    private IrOperand(IrOperandKind kind, int number) => _bits = (int)kind << NumberBits | (number & ((1 << NumberBits) - 1));

    public static IrOperand None => default;

    public IrOperandKind Kind => (IrOperandKind)((uint)_bits >> NumberBits);

    /// <summary>The number of a temporary, slot, pooled constant or label; the value of a small constant.</summary>
    public int Number => _bits << (32 - NumberBits) >> (32 - NumberBits);

    public bool IsNone => Kind == IrOperandKind.None;

    public bool IsSlot => Kind == IrOperandKind.Slot;

    public bool IsTemp => Kind == IrOperandKind.Temp;

    public bool IsConstant => Kind is IrOperandKind.Small or IrOperandKind.Pooled;

    /// <summary>Whether it is a slot or a temporary.</summary>
    internal bool HasPlace => _bits < 0;

    /// <summary>For tables of what is known of slots and temporaries: a slot's number + 1, a temporary's number + 1 + <see cref="Slots"/>, 0 for everything else.</summary>
    internal int Place
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // Without a branch, as nobody can predict it: the highest bit tells these two from the others, the lowest of the kind one from the other.
            int place = (_bits & ((1 << NumberBits) - 1)) + 1 + (_bits >> NumberBits & 1) * Slots;
            return _bits >> 31 & place;
        }
    }

    public static IrOperand Temp(int number) => new(IrOperandKind.Temp, number);

    public static IrOperand Slot(int number) => new(IrOperandKind.Slot, number);

    public static IrOperand Label(int number) => new(IrOperandKind.Label, number);

    internal static bool IsSmall(long value) => value >= -(1L << (NumberBits - 1)) && value < 1L << (NumberBits - 1);

    internal static IrOperand Small(int value) => new(IrOperandKind.Small, value);

    internal static IrOperand Pooled(int index) => new(IrOperandKind.Pooled, index);
}
