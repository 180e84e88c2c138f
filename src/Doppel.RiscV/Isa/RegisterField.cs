namespace Doppel.RiscV.Isa;

/// <summary>Where an instruction holds a register number, and what the number means.</summary>
/// <param name="Kind">The register file.</param>
/// <param name="Shift">The field's lowest bit.</param>
/// <param name="Width">Bits: 5, or 3 for the registers 8–15, or 2 or 3 for aq, rl and rounding modes; 0 without a field.</param>
public readonly record struct RegisterField(OperandKind Kind, byte Shift, byte Width)
{
    public bool Exists => Kind != OperandKind.None;

    /// <summary>What compressed three-bit register fields count from.</summary>
    private int Base => Width == 3 && Kind != OperandKind.Number ? 8 : 0;

    /// <summary>Reads the field.</summary>
    public byte Extract(uint word) => Kind == OperandKind.None ? (byte)0 : (byte)(((word >> Shift) & ((1u << Width) - 1)) + Base);

    /// <summary>The field's bits for a value.</summary>
    public uint Insert(int value) => Kind == OperandKind.None ? 0 : (uint)(value - Base) << Shift;

    /// <summary>Whether the field can hold the value.</summary>
    public bool Fits(int value) => value >= Base && value - Base < 1 << Width;

    internal RegisterField Extend(int bit, OperandKind kind) => new(kind, (byte)bit, (byte)(Width + 1));
}
