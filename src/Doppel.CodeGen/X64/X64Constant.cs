namespace Doppel.CodeGen.X64;

/// <summary>
/// Constants of 128 bits that lie behind the stubs, for instructions with a memory operand. The low 64 bits count; the high ones are zero if nothing is said.
/// </summary>
internal enum X64Constant
{
    /// <summary>Bits 63–32: the box of a binary32 value.</summary>
    Box,

    /// <summary>The canonical NaN of binary64.</summary>
    CanonicalF64,

    /// <summary>The canonical NaN of binary32, boxed.</summary>
    CanonicalF32,

    /// <summary>The sign of binary64.</summary>
    SignF64,

    /// <summary>The sign of binary32: bit 31 only.</summary>
    SignF32,

    /// <summary>All but the sign of binary64.</summary>
    MagnitudeF64,

    /// <summary>All but the sign of binary32, the box among it.</summary>
    MagnitudeF32,
}

/// <summary>The values.</summary>
internal static class X64Constants
{
    /// <summary>Bytes of one.</summary>
    public const int Size = 16;

    /// <summary>The low 64 bits, by the numbers of <see cref="X64Constant"/>.</summary>
    public static ReadOnlySpan<ulong> Values =>
    [
        0xffff_ffff_0000_0000,
        0x7ff8_0000_0000_0000,
        0xffff_ffff_7fc0_0000,
        0x8000_0000_0000_0000,
        0x0000_0000_8000_0000,
        0x7fff_ffff_ffff_ffff,
        0xffff_ffff_7fff_ffff,
    ];
}
