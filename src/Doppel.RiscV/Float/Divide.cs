// Implements: division, IEEE 754-2019, section 5.4.1; division by zero, section 7.3.
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Divide<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (HostArithmetic.Applies<TFormat>(rm, flags) && HostArithmetic.TryDivide<TFormat>(a, b, out ulong result))
        {
            return result;
        }

        return DivideExactly<TFormat>(a, b, rm, ref flags);
    }

    private static ulong DivideExactly<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        bool negative = x.Negative != y.Negative;
        if (x.Kind != FloatKind.Finite || y.Kind != FloatKind.Finite)
        {
            return DivideSpecial<TFormat>(x, y, negative, ref flags);
        }

        // With x = y × q, q lies in (½, 2). The quotient gets at least 32 bits for the small formats and 63 for binary64, and the sticky bit
        // stands for the remainder.
        int exponent = x.Exponent - y.Exponent;
        ulong quotient;
        bool remainder;
        if (TFormat.Precision <= 24)
        {
            ulong divisor = y.Significand >> 32;
            (quotient, ulong rest) = Math.DivRem(x.Significand, divisor);
            remainder = rest != 0;
            exponent += 31 - BitOperations.LeadingZeroCount(quotient);
        }
        else
        {
            UInt128 dividend = new(x.Significand >> 1, x.Significand << 63);
            (UInt128 wide, UInt128 rest) = UInt128.DivRem(dividend, y.Significand);
            quotient = (ulong)wide;
            remainder = rest != UInt128.Zero;
            exponent -= BitOperations.LeadingZeroCount(quotient);
        }

        quotient <<= BitOperations.LeadingZeroCount(quotient);
        return Rounding.ToFormat<TFormat>(negative, exponent, quotient | (remainder ? 1UL : 0), rm, ref flags);
    }

    private static ulong DivideSpecial<TFormat>(Unpacked x, Unpacked y, bool negative, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (x.IsNaN || y.IsNaN)
        {
            return PropagateNaN<TFormat>(x, y, ref flags);
        }

        if (x.Kind == y.Kind)
        {
            return Invalid<TFormat>(ref flags); // 0 / 0 and ∞ / ∞: two finite numbers do not come here
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return Layout<TFormat>.Zero(negative) | Layout<TFormat>.Infinity;
        }

        if (y.Kind == FloatKind.Zero)
        {
            flags |= FloatFlags.DivideByZero;
            return Layout<TFormat>.Zero(negative) | Layout<TFormat>.Infinity;
        }

        return Layout<TFormat>.Zero(negative);
    }
}
