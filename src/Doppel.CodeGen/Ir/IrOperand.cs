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
/// An operand. Passes and backends want the <see cref="Place"/> of nearly every one: it is the lower half as it stands. The upper half is that of what has none: three bits say what it is, the
/// highest that it is a constant, and the others are a number.
/// </summary>
public readonly record struct IrOperand
{
    /// <summary>Slots that there may be.</summary>
    internal const int Slots = 1024;

    private const int NumberBits = 29;
    private const int TagShift = 32 + NumberBits;
    private const ulong LabelTag = 0b001;
    private const ulong SmallTag = 0b100;
    private const ulong PooledTag = 0b101;
    private readonly ulong _bits;

    private IrOperand(int place) => _bits = (uint)place;

    private IrOperand(ulong tag, int number) => _bits = tag << TagShift | (ulong)((uint)number & ((1u << NumberBits) - 1)) << 32;

    public static IrOperand None => default;

    public IrOperandKind Kind => HasPlace
        ? IsSlot ? IrOperandKind.Slot : IrOperandKind.Temp
        : (_bits >> TagShift) switch { SmallTag => IrOperandKind.Small, PooledTag => IrOperandKind.Pooled, LabelTag => IrOperandKind.Label, _ => IrOperandKind.None };

    /// <summary>The number of a temporary, slot, pooled constant or label; the value of a small constant.</summary>
    public int Number => !HasPlace ? Payload : IsSlot ? Place - 1 : Place - 1 - Slots;

    public bool IsNone => _bits == 0;

    public bool IsSlot => (uint)(Place - 1) < Slots;

    public bool IsTemp => Place > Slots;

    public bool IsConstant => (long)_bits < 0;

    /// <summary>Whether it is a constant with the value in itself.</summary>
    internal bool IsInline => _bits >> TagShift == SmallTag;

    /// <summary>Whether it is a slot or a temporary.</summary>
    internal bool HasPlace => Place != 0;

    /// <summary>For tables of what is known of slots and temporaries: a slot's number + 1, a temporary's number + 1 + <see cref="Slots"/>, 0 for everything else.</summary>
    internal int Place => (int)_bits;

    /// <summary>The <see cref="Number"/> of what is neither a slot nor a temporary.</summary>
    internal int Payload => (int)(_bits >> 32) << (32 - NumberBits) >> (32 - NumberBits);

    public static IrOperand Temp(int number) => new(number + 1 + Slots);

    public static IrOperand Slot(int number) => new(number + 1);

    public static IrOperand Label(int number) => new(LabelTag, number);

    internal static bool IsSmall(long value) => (ulong)(value + (1L << (NumberBits - 1))) < 1UL << NumberBits;

    internal static IrOperand Small(int value) => new(SmallTag, value);

    internal static IrOperand Pooled(int index) => new(PooledTag, index);
}
