// Implements: rounding and its exceptions, IEEE 754-2019, sections 4.3 and 7.4–7.6; tininess is detected after rounding
// (RISC-V unprivileged ISA, "F" extension, subnormal arithmetic).
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>From an exact intermediate result to an encoding of the destination format, with its flags.</summary>
internal static class Rounding
{
    /// <summary>
    /// Rounds ±<paramref name="significand"/> × 2^(<paramref name="exponent"/> − 63) once to <typeparamref name="TFormat"/>.
    /// Bit 63 of the significand is set. Bit 0 is sticky: it is set if any digit was cut off below, which is all that rounding
    /// needs to know, as every format drops at least eleven bits here.
    /// </summary>
    public static ulong ToFormat<TFormat>(bool negative, int exponent, ulong significand, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        int drop = 64 - TFormat.Precision;
        ulong restMask = (1UL << drop) - 1;
        ulong half = 1UL << (drop - 1);

        // One less than the exponent field: the hidden bit of a normal number adds the one when both are summed below,
        // and a subnormal number that rounds up into the normal range gets its exponent by the same carry.
        int field = exponent - Layout<TFormat>.MinExponent;
        bool tiny = false;
        if (field < 0)
        {
            tiny = field < -1 || !CarriesOut(negative, significand >> drop, significand & restMask, half, rm, TFormat.Precision);
            significand = ShiftRightSticky(significand, -field);
            field = 0;
        }

        ulong kept = significand >> drop;
        ulong rest = significand & restMask;
        if (rest != 0)
        {
            flags |= tiny ? FloatFlags.Inexact | FloatFlags.Underflow : FloatFlags.Inexact;
            if (RoundsAway(negative, (kept & 1) != 0, rest, half, rm))
            {
                kept++;
            }
        }

        ulong magnitude = ((ulong)field << Layout<TFormat>.FractionBits) + kept;
        if (magnitude >= Layout<TFormat>.Infinity)
        {
            return Overflow<TFormat>(negative, rm, ref flags);
        }

        return negative ? magnitude | Layout<TFormat>.SignBit : magnitude;
    }

    /// <summary>
    /// Rounds the magnitude of a finite number with an exponent below 64 to an integer.
    /// </summary>
    public static ulong ToInteger(Unpacked x, RoundingMode rm, out bool inexact)
    {
        ulong kept;
        ulong rest; // the fraction, in units of 2^-64
        if (x.Exponent >= 0)
        {
            kept = x.Significand >> (63 - x.Exponent);
            rest = x.Exponent == 63 ? 0 : x.Significand << (x.Exponent + 1);
        }
        else
        {
            kept = 0;
            rest = ShiftRightSticky(x.Significand, -1 - x.Exponent);
        }

        inexact = rest != 0;
        if (inexact && RoundsAway(x.Negative, (kept & 1) != 0, rest, 1UL << 63, rm))
        {
            kept++; // cannot wrap: with the exponent 63 there is no fraction
        }

        return kept;
    }

    /// <summary>Shifts right, and keeps in bit 0 whether anything was shifted out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ShiftRightSticky(ulong value, int count)
    {
        if (count == 0)
        {
            return value;
        }

        if (count < 64)
        {
            return (value >> count) | (value << (64 - count) != 0 ? 1UL : 0);
        }

        return value != 0 ? 1UL : 0;
    }

    /// <inheritdoc cref="ShiftRightSticky(ulong, int)"/>
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count == 0)
        {
            return value;
        }

        if (count < 128)
        {
            return (value >> count) | (value << (128 - count) != UInt128.Zero ? UInt128.One : UInt128.Zero);
        }

        return value != UInt128.Zero ? UInt128.One : UInt128.Zero;
    }

    /// <summary>Whether a magnitude with a non-zero <paramref name="rest"/> below its last digit goes to the next larger one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool RoundsAway(bool negative, bool odd, ulong rest, ulong half, RoundingMode rm)
    {
        return rm switch
        {
            RoundingMode.Rne => rest > half || (rest == half && odd),
            RoundingMode.Rtz => false,
            RoundingMode.Rdn => negative,
            RoundingMode.Rup => !negative,
            _ => rest >= half,
        };
    }

    /// <summary>Whether rounding with an unbounded exponent would reach the next power of two: then a result just below the normal range is not tiny.</summary>
    private static bool CarriesOut(bool negative, ulong kept, ulong rest, ulong half, RoundingMode rm, int precision)
    {
        return kept == (1UL << precision) - 1 && rest != 0 && RoundsAway(negative, true, rest, half, rm);
    }

    private static ulong Overflow<TFormat>(bool negative, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        flags |= FloatFlags.Overflow | FloatFlags.Inexact;
        bool toInfinity = rm switch
        {
            RoundingMode.Rtz => false,
            RoundingMode.Rdn => negative,
            RoundingMode.Rup => !negative,
            _ => true,
        };
        ulong magnitude = toInfinity ? Layout<TFormat>.Infinity : Layout<TFormat>.Infinity - 1;
        return negative ? magnitude | Layout<TFormat>.SignBit : magnitude;
    }
}
