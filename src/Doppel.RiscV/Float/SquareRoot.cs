// Implements: square root, IEEE 754-2019, section 5.4.1.
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SquareRoot<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (HostArithmetic.Applies<TFormat>(rm, flags) && HostArithmetic.TrySquareRoot<TFormat>(a, out ulong result))
        {
            return result;
        }

        return SquareRootExactly<TFormat>(a, rm, ref flags);
    }

    private static ulong SquareRootExactly<TFormat>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        if (x.IsNaN)
        {
            return PropagateNaN<TFormat>(x, x, ref flags);
        }

        if (x.Kind == FloatKind.Zero)
        {
            return a; // √−0 is −0
        }

        if (x.Negative)
        {
            return Invalid<TFormat>(ref flags);
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return a;
        }

        // The radicand is an integer of 111 or 112 bits times an even power of two, so its root has 56: 53 and some to round with.
        bool odd = (x.Exponent & 1) != 0;
        ulong root = IntegerRoot(x.Significand, odd ? 48 : 47, out bool remainder);
        ulong significand = (root << 8) | (remainder ? 1UL : 0);
        return Rounding.ToFormat<TFormat>(false, x.Exponent >> 1, significand, rm, ref flags);
    }

    /// <summary>
    /// ⌊√(<paramref name="value"/> × 2^<paramref name="shift"/>)⌋ for a value of at most 53 significant bits at the top of the word, shifted by 47 or 48.
    /// </summary>
    private static ulong IntegerRoot(ulong value, int shift, out bool remainder)
    {
        // A first guess from the host, within 4 of the root: its last place counts 8 here. That the root is right is settled by the remainder,
        // in integers; it stays below 2^63 in magnitude, so that arithmetic modulo 2^64 gives it whole.
        ulong root = (ulong)Math.Sqrt((double)value * (1UL << shift));
        long rest = (long)((value << shift) - (root * root));
        while (rest < 0)
        {
            root--;
            rest += (long)((2 * root) + 1);
        }

        while (rest > (long)(2 * root))
        {
            rest -= (long)((2 * root) + 1);
            root++;
        }

        remainder = rest != 0;
        return root;
    }
}
