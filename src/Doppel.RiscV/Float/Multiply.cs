// Implements: multiplication, IEEE 754-2019, section 5.4.1.
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Multiply<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (HostArithmetic.Applies<TFormat>(rm, flags) && HostArithmetic.TryMultiply<TFormat>(a, b, out ulong result))
        {
            return result;
        }

        return MultiplyExactly<TFormat>(a, b, rm, ref flags);
    }

    private static ulong MultiplyExactly<TFormat>(ulong a, ulong b, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        bool negative = x.Negative != y.Negative;
        if (x.Kind != FloatKind.Finite || y.Kind != FloatKind.Finite)
        {
            return MultiplySpecial<TFormat>(x, y, negative, ref flags);
        }

        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        int exponent = x.Exponent + y.Exponent + 1;
        if ((long)high >= 0)
        {
            high = (high << 1) | (low >> 63);
            low <<= 1;
            exponent--;
        }

        return Rounding.ToFormat<TFormat>(negative, exponent, high | (low != 0 ? 1UL : 0), rm, ref flags);
    }

    private static ulong MultiplySpecial<TFormat>(Unpacked x, Unpacked y, bool negative, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (x.IsNaN || y.IsNaN)
        {
            return PropagateNaN<TFormat>(x, y, ref flags);
        }

        bool infinite = x.Kind == FloatKind.Infinity || y.Kind == FloatKind.Infinity;
        bool zero = x.Kind == FloatKind.Zero || y.Kind == FloatKind.Zero;
        if (infinite && zero)
        {
            return Invalid<TFormat>(ref flags);
        }

        return Layout<TFormat>.Zero(negative) | (infinite ? Layout<TFormat>.Infinity : 0);
    }
}
