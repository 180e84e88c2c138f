using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>NaNs, infinities and zeros: which operations are invalid, which divide by zero, and what they deliver.</summary>
public sealed class SpecialOperandTests
{
    private const FloatFlags Neither = ~(FloatFlags.Invalid | FloatFlags.DivideByZero);

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Two_operands_all_special_pairs_raise_invalid_and_divide_by_zero_exactly_where_defined(int width)
    {
        FormatUnderTest f = FormatUnderTest.Of(width);
        ulong[] special = Operands.Special(f);
        foreach (ulong a in special)
        {
            foreach (ulong b in special)
            {
                bool signaling = f.IsSignaling(a) || f.IsSignaling(b);
                bool nan = f.IsNaN(a) || f.IsNaN(b);
                bool bothInfinite = f.IsInfinite(a) && f.IsInfinite(b);
                bool sameSign = f.IsNegative(a) == f.IsNegative(b);
                Check(f, FloatOperation.Add, a, b, 0, signaling || (bothInfinite && !sameSign), nan);
                Check(f, FloatOperation.Subtract, a, b, 0, signaling || (bothInfinite && sameSign), nan);
                bool zeroTimesInfinity = (f.IsZero(a) && f.IsInfinite(b)) || (f.IsInfinite(a) && f.IsZero(b));
                Check(f, FloatOperation.Multiply, a, b, 0, signaling || zeroTimesInfinity, nan);
                bool byZero = f.IsZero(b) && f.IsFinite(a) && !f.IsZero(a);
                Check(f, FloatOperation.Divide, a, b, 0, signaling || bothInfinite || (f.IsZero(a) && f.IsZero(b)), nan, byZero);
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Square_root_special_operands_are_invalid_exactly_below_zero(int width)
    {
        FormatUnderTest f = FormatUnderTest.Of(width);
        foreach (ulong a in Operands.Special(f))
        {
            bool invalid = f.IsSignaling(a) || (f.IsNegative(a) && !f.IsNaN(a) && !f.IsZero(a));
            Check(f, FloatOperation.SquareRoot, a, 0, 0, invalid, f.IsNaN(a));
        }

        FloatFlags flags = FloatFlags.None;
        Assert.Equal(f.SignBit, f.Apply(FloatOperation.SquareRoot, f.SignBit, 0, 0, RoundingMode.Rne, ref flags));
        Assert.Equal(f.Infinity, f.Apply(FloatOperation.SquareRoot, f.Infinity, 0, 0, RoundingMode.Rne, ref flags));
        Assert.Equal(FloatFlags.None, flags);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Multiply_add_all_special_triples_are_invalid_exactly_where_defined(int width)
    {
        FormatUnderTest f = FormatUnderTest.Of(width);
        ulong[] special = Operands.Special(f);
        foreach (ulong a in special)
        {
            foreach (ulong b in special)
            {
                foreach (ulong c in special)
                {
                    bool signaling = f.IsSignaling(a) || f.IsSignaling(b) || f.IsSignaling(c);
                    bool nan = f.IsNaN(a) || f.IsNaN(b) || f.IsNaN(c);
                    bool zeroTimesInfinity = (f.IsZero(a) && f.IsInfinite(b)) || (f.IsInfinite(a) && f.IsZero(b));
                    bool infiniteProduct = !f.IsNaN(a) && !f.IsNaN(b) && (f.IsInfinite(a) || f.IsInfinite(b));
                    bool opposed = infiniteProduct && f.IsInfinite(c) && (f.IsNegative(a) ^ f.IsNegative(b) ^ f.IsNegative(c));
                    Check(f, FloatOperation.MultiplyAdd, a, b, c, signaling || zeroTimesInfinity || opposed, nan);
                }
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Infinity_times_zero_plus_quiet_nan_is_invalid(int width)
    {
        FormatUnderTest f = FormatUnderTest.Of(width);
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(f.QuietNaN, f.Apply(FloatOperation.MultiplyAdd, f.Infinity, 0, f.QuietNaN, RoundingMode.Rne, ref flags));
        Assert.Equal(FloatFlags.Invalid, flags);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Exact_zero_sum_of_opposite_signs_is_negative_only_when_rounding_down(int width)
    {
        FormatUnderTest f = FormatUnderTest.Of(width);
        foreach (RoundingMode rm in FormatUnderTest.Modes)
        {
            ulong expected = rm == RoundingMode.Rdn ? f.SignBit : 0;
            FloatFlags flags = FloatFlags.Inexact; // the path by way of the host too
            Assert.Equal(expected, f.Apply(FloatOperation.Subtract, f.One, f.One, 0, rm, ref flags));
            Assert.Equal(expected, f.Apply(FloatOperation.Add, 0, f.SignBit, 0, rm, ref flags));
            Assert.Equal(f.SignBit, f.Apply(FloatOperation.Add, f.SignBit, f.SignBit, 0, rm, ref flags));
            Assert.Equal(expected, f.Apply(FloatOperation.MultiplySubtract, f.One, f.One, f.One, rm, ref flags));
            Assert.Equal(expected, f.Apply(FloatOperation.NegatedMultiplyAdd, 0, 0, f.SignBit, rm, ref flags));
        }
    }

    [Theory]
    [InlineData(RoundingMode.Rne, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000)]
    [InlineData(RoundingMode.Rtz, 0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF)]
    [InlineData(RoundingMode.Rdn, 0x7FEF_FFFF_FFFF_FFFF, 0xFFF0_0000_0000_0000)]
    [InlineData(RoundingMode.Rup, 0x7FF0_0000_0000_0000, 0xFFEF_FFFF_FFFF_FFFF)]
    [InlineData(RoundingMode.Rmm, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000)]
    internal void Overflow_delivers_what_the_mode_says(RoundingMode rm, ulong positive, ulong negative)
    {
        const ulong Max = 0x7FEF_FFFF_FFFF_FFFF;
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(positive, FloatArithmetic.Add<Binary64>(Max, Max, rm, ref flags));
        Assert.Equal(negative, FloatArithmetic.Multiply<Binary64>(Max, Max | (1UL << 63), rm, ref flags));
        Assert.Equal(FloatFlags.Overflow | FloatFlags.Inexact, flags);
    }

    [Theory]
    [InlineData(RoundingMode.Rne, 0x0080_0000, FloatFlags.Inexact)]
    [InlineData(RoundingMode.Rtz, 0x007F_FFFF, FloatFlags.Inexact | FloatFlags.Underflow)]
    [InlineData(RoundingMode.Rup, 0x0080_0000, FloatFlags.Inexact)]
    internal void Product_just_below_the_normal_range_is_tiny_only_if_it_rounds_below_it(RoundingMode rm, ulong expected, FloatFlags expectedFlags)
    {
        // (1 − 2^−24) × 2^−126 has 24 digits, so it is tiny as it stands, though it may be delivered as 2^−126.
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.Multiply<Binary32>(0x3F7F_FFFF, 0x0080_0000, rm, ref flags));
        Assert.Equal(FloatFlags.Inexact | FloatFlags.Underflow, flags);

        // (1 − 2^−23) × (1 + 2^−23) × 2^−126 = (1 − 2^−46) × 2^−126 has more, and rounds to 2^−126 where the exponent has no limit.
        flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.Multiply<Binary32>(0x3F7F_FFFE, 0x0080_0001, rm, ref flags));
        Assert.Equal(expectedFlags, flags);

        // 18631 × 1801 = 2^25 − 1: (1 − 2^−25) × 2^−126 is half way, and goes to 2^−126 too.
        flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.Multiply<Binary32>(0x1E91_8E00, 0x2161_2000, rm, ref flags));
        Assert.Equal(expectedFlags, flags);
    }

    [Theory]
    [InlineData(RoundingMode.Rne, 0x4000_0000_0000_0000)]
    [InlineData(RoundingMode.Rdn, 0x4000_0000_0000_0000)]
    [InlineData(RoundingMode.Rup, 0x4000_0000_0000_0001)]
    internal void Multiply_add_carry_keeps_digits_cut_off_below(RoundingMode rm, ulong expected)
    {
        // The product is (1 + 863259043 × 2^−104) × 2^−52 and the addend 2 − 2^−52: all that is left of the product in their sum lies more than 120 places down.
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.MultiplyAdd<Binary64>(0x3FFB_D3E5_BE18_3671, 0x3CA2_661F_7268_A6A6, 0x3FFF_FFFF_FFFF_FFFF, rm, ref flags));
        Assert.Equal(FloatFlags.Inexact, flags);
    }

    private static void Check(
        FormatUnderTest f, FloatOperation operation, ulong a, ulong b, ulong c, bool invalid, bool nan, bool divideByZero = false)
    {
        foreach (RoundingMode rm in (RoundingMode[])[RoundingMode.Rne, RoundingMode.Rdn])
        {
            FloatFlags flags = FloatFlags.None;
            ulong bits = f.Apply(operation, a, b, c, rm, ref flags);
            FloatFlags expected = (invalid ? FloatFlags.Invalid : 0) | (divideByZero ? FloatFlags.DivideByZero : 0);
            bool right = (flags & ~Neither) == expected && f.IsNaN(bits) == (invalid || nan) && (!f.IsNaN(bits) || bits == f.QuietNaN);
            Assert.True(right, $"{operation} {rm} {a:x} {b:x} {c:x}: {bits:x} {flags}");
        }
    }
}
