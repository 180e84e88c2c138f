// Implements: the binary interchange formats of IEEE 754-2019, section 3.4 (binary16, binary32, binary64).
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>
/// What tells one interchange format from another. Formats are empty structs, so that the JIT compiles the shared arithmetic
/// once per format with everything below folded into constants.
/// </summary>
internal interface IBinaryFormat
{
    /// <summary>p: bits of the significand, the hidden one included.</summary>
    static abstract int Precision { get; }

    /// <summary>w: bits of the exponent field.</summary>
    static abstract int ExponentBits { get; }
}

/// <summary>Half precision (Zfh).</summary>
internal readonly struct Binary16 : IBinaryFormat
{
    public static int Precision => 11;

    public static int ExponentBits => 5;
}

/// <summary>Single precision (F).</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    public static int Precision => 24;

    public static int ExponentBits => 8;
}

/// <summary>Double precision (D).</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    public static int Precision => 53;

    public static int ExponentBits => 11;
}

/// <summary>The constants that follow from a format's precision and exponent width.</summary>
internal static class Layout<TFormat>
    where TFormat : struct, IBinaryFormat
{
    /// <summary>Bits of the fraction field (the significand without its hidden bit).</summary>
    public static int FractionBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Precision - 1;
    }

    /// <summary>Bits of the whole encoding.</summary>
    public static int StorageBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Precision + TFormat.ExponentBits;
    }

    /// <summary>The exponent field of infinities and NaNs: all ones.</summary>
    public static int MaxBiasedExponent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << TFormat.ExponentBits) - 1;
    }

    /// <summary>emax, which is also the bias.</summary>
    public static int MaxExponent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << (TFormat.ExponentBits - 1)) - 1;
    }

    /// <summary>emin: the exponent of the smallest normal number and of every subnormal one.</summary>
    public static int MinExponent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 - MaxExponent;
    }

    public static ulong SignBit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1UL << (StorageBits - 1);
    }

    /// <summary>The bits of the encoding: everything above them is zero in a raw operand.</summary>
    public static ulong Mask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SignBit | (SignBit - 1);
    }

    public static ulong HiddenBit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1UL << FractionBits;
    }

    public static ulong FractionMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => HiddenBit - 1;
    }

    /// <summary>Set in a quiet NaN, clear in a signaling one (IEEE 754-2019, 6.2.1).</summary>
    public static ulong QuietBit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => HiddenBit >> 1;
    }

    /// <summary>+∞; as a magnitude, one more than the largest finite number.</summary>
    public static ulong Infinity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (ulong)MaxBiasedExponent << FractionBits;
    }

    /// <summary>The NaN that every RISC-V operation delivers: positive, quiet, nothing else set.</summary>
    public static ulong CanonicalNaN
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Infinity | QuietBit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Zero(bool negative) => negative ? SignBit : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN(ulong bits) => (bits & ~SignBit) > Infinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSignalingNaN(ulong bits) => IsNaN(bits) && (bits & QuietBit) == 0;
}
