namespace Doppel.CodeGen.Ir;

/// <summary>
/// The width of an operation and how its result fills 64 bits. A value (slot, temporary, constant) always has 64 bits.
/// </summary>
/// <remarks>
/// Arithmetic uses <see cref="I64"/>, <see cref="S32"/> and <see cref="U32"/>: the narrow ones compute on the low 32 bits of their operands and extend the result.
/// Moves, loads and stores use all integer types. Floating-point operations use <see cref="F32"/> and <see cref="F64"/>.
/// </remarks>
public enum IrType : byte
{
    I64,

    /// <summary>32 bits, the result zero-extended.</summary>
    U32,

    /// <summary>32 bits, the result sign-extended.</summary>
    S32,
    U16,
    S16,
    U8,
    S8,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>IEEE 754 binary32, held NaN-boxed: bits 63–32 of every value are ones. Operations may rely on it for their operands and keep it for results.</summary>
    F32,
}
