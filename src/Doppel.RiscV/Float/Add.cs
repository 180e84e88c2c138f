// Implements: addition and subtraction, IEEE 754-2019, section 5.4.1; the sign of a zero sum, section 6.3.
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>
/// The operations of RISC-V's F, D, Zfh and Zfa, bit for bit. Operands and results are raw encodings in the low bits of a word whose
/// other bits are zero (see <see cref="NanBox"/>); flags accrue into the caller's.
/// </summary>
internal static partial class FloatArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (HostArithmetic.Applies<TFormat>(rm, flags) && HostArithmetic.TryAdd<TFormat>(a, b, out ulong result))
        {
            return result;
        }

        return AddExactly<TFormat>(a, b, rm, ref flags);
    }

    /// <summary>a − b. A NaN's sign means nothing, as results are canonical: subtracting is adding the opposite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Subtract<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return Add<TFormat>(a, b ^ Layout<TFormat>.SignBit, rm, ref flags);
    }

    private static ulong AddExactly<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        if (x.Kind != FloatKind.Finite || y.Kind != FloatKind.Finite)
        {
            return AddSpecial<TFormat>(a, b, x, y, rm, ref flags);
        }

        // x is the one of the larger magnitude.
        if (x.Exponent < y.Exponent || (x.Exponent == y.Exponent && x.Significand < y.Significand))
        {
            (x, y) = (y, x);
        }

        ulong aligned = Rounding.ShiftRightSticky(y.Significand, x.Exponent - y.Exponent);
        int exponent = x.Exponent;
        ulong significand;
        if (x.Negative == y.Negative)
        {
            significand = x.Significand + aligned;
            if (significand < aligned)
            {
                significand = (significand >> 1) | (significand & 1) | (1UL << 63);
                exponent++;
            }
        }
        else
        {
            significand = x.Significand - aligned;
            if (significand == 0)
            {
                return Layout<TFormat>.Zero(rm == RoundingMode.Rdn);
            }

            // Only when the exponents differ by at most one is more than one digit cancelled, and then nothing was cut off.
            int shift = BitOperations.LeadingZeroCount(significand);
            significand <<= shift;
            exponent -= shift;
        }

        return Rounding.ToFormat<TFormat>(x.Negative, exponent, significand, rm, ref flags);
    }

    private static ulong AddSpecial<TFormat>(ulong a, ulong b, Unpacked x, Unpacked y, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (x.IsNaN || y.IsNaN)
        {
            return PropagateNaN<TFormat>(x, y, ref flags);
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return y.Kind == FloatKind.Infinity && x.Negative != y.Negative ? Invalid<TFormat>(ref flags) : a;
        }

        if (y.Kind == FloatKind.Infinity)
        {
            return b;
        }

        if (x.Kind == FloatKind.Zero && y.Kind == FloatKind.Zero)
        {
            return Layout<TFormat>.Zero(x.Negative == y.Negative ? x.Negative : rm == RoundingMode.Rdn);
        }

        return x.Kind == FloatKind.Zero ? b : a;
    }

    /// <summary>The canonical NaN, with NV if an operand is signaling.</summary>
    private static ulong PropagateNaN<TFormat>(Unpacked x, Unpacked y, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return x.Kind == FloatKind.SignalingNaN || y.Kind == FloatKind.SignalingNaN
            ? Invalid<TFormat>(ref flags)
            : Layout<TFormat>.CanonicalNaN;
    }

    private static ulong Invalid<TFormat>(ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        flags |= FloatFlags.Invalid;
        return Layout<TFormat>.CanonicalNaN;
    }
}
