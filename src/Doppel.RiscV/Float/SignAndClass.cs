// Implements: sign injection and classification, RISC-V unprivileged ISA, "F" extension (fsgnj, fsgnjn, fsgnjx, fclass). None of them
// looks at NaNs or raises a flag.
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>The result of fclass: exactly one bit.</summary>
[Flags]
internal enum FloatClass
{
    NegativeInfinity = 1 << 0,
    NegativeNormal = 1 << 1,
    NegativeSubnormal = 1 << 2,
    NegativeZero = 1 << 3,
    PositiveZero = 1 << 4,
    PositiveSubnormal = 1 << 5,
    PositiveNormal = 1 << 6,
    PositiveInfinity = 1 << 7,
    SignalingNaN = 1 << 8,
    QuietNaN = 1 << 9,
}

internal static partial class FloatArithmetic
{
    /// <summary>fsgnj: a with the sign of b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectSign<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        return (a & ~Layout<TFormat>.SignBit) | (b & Layout<TFormat>.SignBit);
    }

    /// <summary>fsgnjn: a with the opposite of b's sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectNegatedSign<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        return (a & ~Layout<TFormat>.SignBit) | (~b & Layout<TFormat>.SignBit);
    }

    /// <summary>fsgnjx: a with the exclusive or of both signs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectXorSign<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        return a ^ (b & Layout<TFormat>.SignBit);
    }

    /// <summary>fclass.</summary>
    public static FloatClass Classify<TFormat>(ulong a)
        where TFormat : struct, IBinaryFormat
    {
        bool negative = (a & Layout<TFormat>.SignBit) != 0;
        ulong magnitude = a & ~Layout<TFormat>.SignBit;
        if (magnitude > Layout<TFormat>.Infinity)
        {
            return (a & Layout<TFormat>.QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN;
        }

        if (magnitude == Layout<TFormat>.Infinity)
        {
            return negative ? FloatClass.NegativeInfinity : FloatClass.PositiveInfinity;
        }

        if (magnitude >= Layout<TFormat>.HiddenBit)
        {
            return negative ? FloatClass.NegativeNormal : FloatClass.PositiveNormal;
        }

        if (magnitude != 0)
        {
            return negative ? FloatClass.NegativeSubnormal : FloatClass.PositiveSubnormal;
        }

        return negative ? FloatClass.NegativeZero : FloatClass.PositiveZero;
    }
}
