// Implements: fusedMultiplyAdd, IEEE 754-2019, section 5.4.1, with one rounding; ∞ × 0 + NaN is invalid for a quiet NaN too
// (RISC-V unprivileged ISA, "F" extension, computational instructions).
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    /// <summary>fmadd: a × b + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplyAdd<TFormat>(ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (HostArithmetic.Applies<TFormat>(rm, flags) && HostArithmetic.TryFusedMultiplyAdd<TFormat>(a, b, c, out ulong result))
        {
            return result;
        }

        return MultiplyAddExactly<TFormat>(a, b, c, rm, ref flags);
    }

    /// <summary>fmsub: a × b − c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MultiplySubtract<TFormat>(ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return MultiplyAdd<TFormat>(a, b, c ^ Layout<TFormat>.SignBit, rm, ref flags);
    }

    /// <summary>fnmsub: −(a × b) + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NegatedMultiplySubtract<TFormat>(ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return MultiplyAdd<TFormat>(a ^ Layout<TFormat>.SignBit, b, c, rm, ref flags);
    }

    /// <summary>fnmadd: −(a × b) − c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NegatedMultiplyAdd<TFormat>(ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return MultiplyAdd<TFormat>(a ^ Layout<TFormat>.SignBit, b, c ^ Layout<TFormat>.SignBit, rm, ref flags);
    }

    private static ulong MultiplyAddExactly<TFormat>(ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFormat>(a);
        Unpacked y = Unpacked.From<TFormat>(b);
        Unpacked z = Unpacked.From<TFormat>(c);
        bool negative = x.Negative != y.Negative;
        if (x.Kind != FloatKind.Finite || y.Kind != FloatKind.Finite || (z.Kind != FloatKind.Finite && z.Kind != FloatKind.Zero))
        {
            return MultiplyAddSpecial<TFormat>(c, x, y, z, negative, rm, ref flags);
        }

        // Everything as in an addition, but 128 bits wide: the product is exact in 106 of them, and bit 127 is its first digit.
        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        int exponent = x.Exponent + y.Exponent + 1;
        UInt128 product = new(high, low);
        if ((long)high >= 0)
        {
            product <<= 1;
            exponent--;
        }

        if (z.Kind == FloatKind.Finite)
        {
            UInt128 addend = new(z.Significand, 0);
            bool productIsLarger = exponent > z.Exponent || (exponent == z.Exponent && product >= addend);
            (UInt128 larger, UInt128 smaller) = productIsLarger ? (product, addend) : (addend, product);
            smaller = Rounding.ShiftRightSticky(smaller, Math.Abs(exponent - z.Exponent));
            exponent = Math.Max(exponent, z.Exponent);
            if (negative == z.Negative)
            {
                product = larger + smaller;
                if (product < smaller)
                {
                    product = (product >> 1) | (product & UInt128.One) | (UInt128.One << 127);
                    exponent++;
                }
            }
            else
            {
                product = larger - smaller;
                if (product == UInt128.Zero)
                {
                    return Layout<TFormat>.Zero(rm == RoundingMode.Rdn);
                }

                int shift = (int)UInt128.LeadingZeroCount(product);
                product <<= shift;
                exponent -= shift;
                negative = productIsLarger ? negative : z.Negative;
            }
        }

        ulong significand = (ulong)(product >> 64) | ((ulong)product != 0 ? 1UL : 0);
        return Rounding.ToFormat<TFormat>(negative, exponent, significand, rm, ref flags);
    }

    /// <summary>An operand is a NaN or infinite, or the product is zero.</summary>
    private static ulong MultiplyAddSpecial<TFormat>(
        ulong c, Unpacked x, Unpacked y, Unpacked z, bool negative, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        bool infinite = x.Kind == FloatKind.Infinity || y.Kind == FloatKind.Infinity;
        bool zero = x.Kind == FloatKind.Zero || y.Kind == FloatKind.Zero;
        if (infinite && zero)
        {
            return Invalid<TFormat>(ref flags); // whatever the addend
        }

        if (x.IsNaN || y.IsNaN || z.IsNaN)
        {
            return z.Kind == FloatKind.SignalingNaN ? Invalid<TFormat>(ref flags) : PropagateNaN<TFormat>(x, y, ref flags);
        }

        if (infinite)
        {
            return z.Kind == FloatKind.Infinity && z.Negative != negative
                ? Invalid<TFormat>(ref flags)
                : Layout<TFormat>.Zero(negative) | Layout<TFormat>.Infinity;
        }

        if (z.Kind == FloatKind.Zero)
        {
            return Layout<TFormat>.Zero(negative == z.Negative ? negative : rm == RoundingMode.Rdn);
        }

        return c; // 0 + c, or a finite product + ∞
    }
}
