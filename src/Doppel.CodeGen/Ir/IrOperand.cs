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

/// <summary>
/// An operand in 32 bits. If the highest is set, the rest is its <see cref="Place"/>, which passes and backends want of nearly every one: that takes the fewest instructions so. Else the next
/// two are its kind, and the others a number.
/// </summary>
public readonly record struct IrOperand
{
    /// <summary>Slots that there may be.</summary>
    internal const int Slots = 1024;

    private const int NumberBits = 29;
    private const int PlaceBit = int.MinValue;
    private readonly int _bits;

    private IrOperand(int bits) => _bits = bits;

    private IrOperand(IrOperandKind kind, int number) => _bits = (int)kind << NumberBits | (number & ((1 << NumberBits) - 1));

    public static IrOperand None => default;

    public IrOperandKind Kind => HasPlace ? IsSlot ? IrOperandKind.Slot : IrOperandKind.Temp : (IrOperandKind)(_bits >> NumberBits);

    /// <summary>The number of a temporary, slot, pooled constant or label; the value of a small constant.</summary>
    public int Number => !HasPlace ? Payload : IsSlot ? Place - 1 : Place - 1 - Slots;

    public bool IsNone => _bits == 0;

    public bool IsSlot => (uint)(_bits - (PlaceBit + 1)) < Slots;

    public bool IsTemp => (uint)_bits > unchecked((uint)PlaceBit) + Slots;

    public bool IsConstant => (uint)((_bits >>> NumberBits) - (int)IrOperandKind.Small) <= IrOperandKind.Pooled - IrOperandKind.Small;

    /// <summary>Whether it is a constant with the value in itself.</summary>
    internal bool IsInline => _bits >>> NumberBits == (int)IrOperandKind.Small;

    /// <summary>Whether it is a slot or a temporary.</summary>
    internal bool HasPlace => _bits < 0;

    /// <summary>For tables of what is known of slots and temporaries: a slot's number + 1, a temporary's number + 1 + <see cref="Slots"/>, 0 for everything else.</summary>
    internal int Place => _bits >> 31 & _bits & ~PlaceBit;

    /// <summary>The <see cref="Number"/> of what is neither a slot nor a temporary.</summary>
    internal int Payload => _bits << (32 - NumberBits) >> (32 - NumberBits);

    public static IrOperand Temp(int number) => new(PlaceBit | (number + 1 + Slots));

    public static IrOperand Slot(int number) => new(PlaceBit | (number + 1));

    public static IrOperand Label(int number) => new(IrOperandKind.Label, number);

    internal static bool IsSmall(long value) => (ulong)(value + (1L << (NumberBits - 1))) < 1UL << NumberBits;

    internal static IrOperand Small(int value) => new(IrOperandKind.Small, value);

    internal static IrOperand Pooled(int index) => new(IrOperandKind.Pooled, index);
}
