using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>What an encoding stands for. Ordered, so that everything from <see cref="QuietNaN"/> on is a NaN.</summary>
internal enum FloatKind : byte
{
    Finite,
    Zero,
    Infinity,
    QuietNaN,
    SignalingNaN,
}

/// <summary>
/// An operand taken apart. A finite non-zero number has the value ±<see cref="Significand"/> × 2^(<see cref="Exponent"/> − 63), with bit 63
/// of the significand set: subnormal numbers are normalised here, so that no operation needs to know about them.
/// </summary>
internal readonly struct Unpacked
{
    private Unpacked(FloatKind kind, bool negative, int exponent, ulong significand)
    {
        Kind = kind;
        Negative = negative;
        Exponent = exponent;
        Significand = significand;
    }

    public FloatKind Kind { get; }

    public bool Negative { get; }

    public int Exponent { get; }

    public ulong Significand { get; }

    public bool IsNaN => Kind >= FloatKind.QuietNaN;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Unpacked From<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        bool negative = (bits & Layout<TFormat>.SignBit) != 0;
        int biased = (int)(bits >> Layout<TFormat>.FractionBits) & Layout<TFormat>.MaxBiasedExponent;
        ulong fraction = bits & Layout<TFormat>.FractionMask;
        if ((uint)(biased - 1) < (uint)(Layout<TFormat>.MaxBiasedExponent - 1))
        {
            return new Unpacked(
                FloatKind.Finite,
                negative,
                biased - Layout<TFormat>.MaxExponent,
                (fraction | Layout<TFormat>.HiddenBit) << (64 - TFormat.Precision));
        }

        return Rare<TFormat>(negative, biased, fraction);
    }

    private static Unpacked Rare<TFormat>(bool negative, int biased, ulong fraction)
        where TFormat : struct, IBinaryFormat
    {
        if (biased != 0)
        {
            FloatKind kind = fraction == 0 ? FloatKind.Infinity
                : (fraction & Layout<TFormat>.QuietBit) != 0 ? FloatKind.QuietNaN : FloatKind.SignalingNaN;
            return new Unpacked(kind, negative, 0, 0);
        }

        if (fraction == 0)
        {
            return new Unpacked(FloatKind.Zero, negative, 0, 0);
        }

        int shift = BitOperations.LeadingZeroCount(fraction);
        return new Unpacked(
            FloatKind.Finite,
            negative,
            Layout<TFormat>.MinExponent + 64 - TFormat.Precision - shift,
            fraction << shift);
    }
}
