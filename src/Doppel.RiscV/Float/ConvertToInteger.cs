// Implements: conversions to integers, IEEE 754-2019, sections 5.4.1 and 5.8, with RISC-V's saturation (unprivileged ISA, "F" extension,
// domains of float-to-integer conversions); rounding to integral values and the modular conversion of "Zfa".
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    /// <summary>fcvt.w: a value out of range, an infinity or a NaN (as if +∞) is invalid and saturates. The result is the register's 64 bits.</summary>
    public static ulong ToInt32<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return ToInteger<TFormat>(a, int.MaxValue, 1UL << 31, rm, ref flags);
    }

    /// <summary>fcvt.wu: as <see cref="ToInt32"/>; the 32-bit result is sign-extended, as RV64 has it.</summary>
    public static ulong ToUInt32<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return (ulong)(int)ToInteger<TFormat>(a, uint.MaxValue, 0, rm, ref flags);
    }

    /// <summary>fcvt.l.</summary>
    public static ulong ToInt64<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return ToInteger<TFormat>(a, long.MaxValue, 1UL << 63, rm, ref flags);
    }

    /// <summary>fcvt.lu.</summary>
    public static ulong ToUInt64<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return ToInteger<TFormat>(a, ulong.MaxValue, 0, rm, ref flags);
    }

    /// <summary>fcvtmod.w.d: towards zero, modulo 2^32; the flags are those of fcvt.w.d.</summary>
    public static ulong ToInt32Modular(ulong a, ref FloatFlags flags)
    {
        ToInt32<Binary64>(a, RoundingMode.Rtz, ref flags);
        Unpacked x = Unpacked.From<Binary64>(a);
        if (x.Kind != FloatKind.Finite)
        {
            return 0;
        }

        // The significand's unit is 2^(exponent − 63): shifted that far, only the low half matters.
        int shift = x.Exponent - 63;
        uint low = shift switch
        {
            >= 32 or <= -64 => 0,
            >= 0 => (uint)(x.Significand << shift),
            _ => (uint)(x.Significand >> -shift),
        };
        return (ulong)(x.Negative ? -(int)low : (int)low);
    }

    /// <summary>
    /// fround, and froundnx with <paramref name="raiseInexact"/>: the nearest integral value in the same format, with the operand's sign.
    /// </summary>
    public static ulong RoundToIntegral<TFormat>(ulong a, RoundingMode rm, bool raiseInexact, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        if (x.IsNaN)
        {
            return PropagateNaN<TFormat>(x, x, ref flags);
        }

        if (x.Kind != FloatKind.Finite || x.Exponent >= Layout<TFormat>.FractionBits)
        {
            return a;
        }

        ulong magnitude = Rounding.ToInteger(x, rm, out bool inexact);
        if (inexact && raiseInexact)
        {
            flags |= FloatFlags.Inexact;
        }

        // At most 2^(p−1), so exact.
        return Layout<TFormat>.Zero(x.Negative) | FromMagnitude<TFormat>(false, magnitude, rm, ref flags);
    }

    /// <summary>To an integer between −<paramref name="lowest"/> and <paramref name="highest"/>, in two's complement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ToInteger<TFormat>(ulong a, ulong highest, ulong lowest, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        if (x.Kind == FloatKind.Zero)
        {
            return 0;
        }

        if (x.Kind == FloatKind.Finite && x.Exponent < 64)
        {
            ulong magnitude = Rounding.ToInteger(x, rm, out bool inexact);
            if (magnitude <= (x.Negative ? lowest : highest))
            {
                if (inexact)
                {
                    flags |= FloatFlags.Inexact;
                }

                return x.Negative ? 0 - magnitude : magnitude;
            }
        }

        flags |= FloatFlags.Invalid;
        return x.Negative && !x.IsNaN ? 0 - lowest : highest;
    }
}
