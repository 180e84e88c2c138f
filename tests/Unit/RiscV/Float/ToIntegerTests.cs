using System.Numerics;
using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Conversions to integers and rounding to integral values, against exact arithmetic and RISC-V's rules for what does not fit.</summary>
public sealed class ToIntegerTests
{
    [Theory]
    [InlineData(32, true)]
    [InlineData(32, false)]
    [InlineData(64, true)]
    [InlineData(64, false)]
    public void Binary16_every_encoding_converts_and_saturates(int bits, bool signed)
    {
        FormatUnderTest format = FormatUnderTest.Of(16);
        for (uint a = 0; a < 0x10000; a++)
        {
            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                CheckSmall(format, bits, signed, a, (double)BitConverter.UInt16BitsToHalf((ushort)a), rm);
            }
        }
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Any_operand_converts_and_saturates(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        Operands operands = new(format, seed: width);
        FloatFlags ignored = FloatFlags.None;
        for (int i = 0; i < 3000; i++)
        {
            // Two of three are neighbours of an integer, many of those at the end of a range.
            ulong a = i % 3 == 0
                ? operands.Any()
                : format.FromInteger(signed: i % 2 == 0, operands.Integer(), FormatUnderTest.Modes[i % 5], ref ignored) + (ulong)(i % 5) - 2;
            a &= format.SignBit | (format.SignBit - 1);
            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                Check(format, 32, true, a, rm);
                Check(format, 32, false, a, rm);
                Check(format, 64, true, a, rm);
                Check(format, 64, false, a, rm);
            }
        }
    }

    [Fact]
    public void Binary16_every_encoding_rounds_to_an_integral_value()
    {
        FormatUnderTest format = FormatUnderTest.Of(16);
        for (uint a = 0; a < 0x10000; a++)
        {
            if (!format.IsNaN(a))
            {
                foreach (RoundingMode rm in FormatUnderTest.Modes)
                {
                    double value = (double)BitConverter.UInt16BitsToHalf((ushort)a);
                    double expected = double.IsFinite(value) ? Math.CopySign(RoundDouble(value, rm), value) : value;
                    CheckIntegral(format, a, BitConverter.HalfToUInt16Bits((Half)expected), expected != value, rm);
                }
            }
        }
    }

    [Fact]
    public void Binary64_any_operand_rounds_to_an_integral_value()
    {
        FormatUnderTest format = FormatUnderTest.Of(64);
        Operands operands = new(format, seed: 7);
        for (int i = 0; i < 20000; i++)
        {
            ulong a = operands.Finite();
            double value = BitConverter.UInt64BitsToDouble(a);
            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                double expected = Math.CopySign(RoundDouble(value, rm), value);
                CheckIntegral(format, a, BitConverter.DoubleToUInt64Bits(expected), expected != value, rm);
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Rounding_to_integral_nan_is_canonical_and_invalid_if_signaling(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(format.QuietNaN, format.RoundToIntegral(format.QuietNaN | format.SignBit | 1, RoundingMode.Rne, true, ref flags));
        Assert.Equal(FloatFlags.None, flags);
        Assert.Equal(format.QuietNaN, format.RoundToIntegral(format.SignalingNaN, RoundingMode.Rne, true, ref flags));
        Assert.Equal(FloatFlags.Invalid, flags);
    }

    [Theory]
    [InlineData(0x3FF0_0000_0000_0000, 1)] // 1
    [InlineData(0x41F0_0000_0000_0000, 0)] // 2^32
    [InlineData(0x41F0_0000_0010_0000, 1)] // 2^32 + 1
    [InlineData(0xC1F0_0000_0010_0000, -1)]
    [InlineData(0x41E0_0000_0000_0000, int.MinValue)] // 2^31
    [InlineData(0xC1E0_0000_0000_0000, int.MinValue)]
    [InlineData(0x7FF0_0000_0000_0000, 0)] // ∞
    [InlineData(0x7FF8_0000_0000_0000, 0)]
    [InlineData(0x0000_0000_0000_0000, 0)]
    [InlineData(0xBFE0_0000_0000_0000, 0)] // −½
    public void Modular_conversion_value_keeps_the_low_half(ulong a, int expected)
    {
        FloatFlags flags = FloatFlags.None;
        Assert.Equal((ulong)expected, FloatArithmetic.ToInt32Modular(a, ref flags));
    }

    [Fact]
    public void Modular_conversion_any_operand_is_the_integer_modulo_2_to_the_32_with_the_flags_of_fcvt()
    {
        FormatUnderTest format = FormatUnderTest.Of(64);
        Operands operands = new(format, seed: 3);
        for (int i = 0; i < 20000; i++)
        {
            ulong a = operands.Finite();
            ExactNumber exact = ExactNumber.Of(format, a);
            BigInteger whole = exact.Numerator / exact.Denominator;
            int expected = (int)(uint)((exact.Negative ? -whole : whole) & uint.MaxValue);
            FloatFlags flags = FloatFlags.None;
            FloatFlags ofConversion = FloatFlags.None;
            FloatArithmetic.ToInt32<Binary64>(a, RoundingMode.Rtz, ref ofConversion);
            Assert.Equal((ulong)expected, FloatArithmetic.ToInt32Modular(a, ref flags));
            Assert.Equal(ofConversion, flags);
        }
    }

    private static double RoundDouble(double value, RoundingMode rm) => rm switch
    {
        RoundingMode.Rne => Math.Round(value, MidpointRounding.ToEven),
        RoundingMode.Rtz => Math.Truncate(value),
        RoundingMode.Rdn => Math.Floor(value),
        RoundingMode.Rup => Math.Ceiling(value),
        _ => Math.Round(value, MidpointRounding.AwayFromZero),
    };

    private static void CheckIntegral(FormatUnderTest format, ulong a, ulong expected, bool inexact, RoundingMode rm)
    {
        FloatFlags quiet = FloatFlags.None;
        FloatFlags raised = FloatFlags.None;
        bool right = format.RoundToIntegral(a, rm, false, ref quiet) == expected
            && format.RoundToIntegral(a, rm, true, ref raised) == expected
            && quiet == FloatFlags.None
            && raised == (inexact ? FloatFlags.Inexact : FloatFlags.None);
        Assert.True(right, $"{rm} {a:x}: {quiet} {raised}, expected {expected:x}");
    }

    private static void CheckSmall(FormatUnderTest format, int bits, bool signed, ulong a, double value, RoundingMode rm)
    {
        double rounded = double.IsFinite(value) ? RoundDouble(value, rm) : value;
        bool fits = double.IsFinite(value) && (signed || rounded >= 0);
        ulong expected = fits ? (ulong)(long)rounded : Saturated(bits, signed, double.IsNegative(value) && !double.IsNaN(value));
        FloatFlags expectedFlags = !fits ? FloatFlags.Invalid : rounded != value ? FloatFlags.Inexact : FloatFlags.None;
        FloatFlags flags = FloatFlags.None;
        ulong result = format.ToInteger(bits, signed, a, rm, ref flags);
        if (result != expected || flags != expectedFlags)
        {
            Assert.Fail($"{rm} {a:x}: {result:x} {flags}, expected {expected:x} {expectedFlags}");
        }
    }

    private static void Check(FormatUnderTest format, int bits, bool signed, ulong a, RoundingMode rm)
    {
        ulong expected = Saturated(bits, signed, format.IsNegative(a) && !format.IsNaN(a));
        FloatFlags expectedFlags = FloatFlags.Invalid;
        if (format.IsFinite(a))
        {
            ExactNumber exact = ExactNumber.Of(format, a);
            BigInteger value = ExactReference.RoundToMultiple(exact, 0, rm, out bool inexact) * (exact.Negative ? -1 : 1);
            BigInteger lowest = signed ? -(BigInteger.One << (bits - 1)) : BigInteger.Zero;
            if (value >= lowest && value < lowest + (BigInteger.One << bits))
            {
                expected = (ulong)(value & ulong.MaxValue);
                expected = bits == 32 ? (ulong)(int)expected : expected;
                expectedFlags = inexact ? FloatFlags.Inexact : FloatFlags.None;
            }
        }

        FloatFlags flags = FloatFlags.None;
        ulong result = format.ToInteger(bits, signed, a, rm, ref flags);
        if (result != expected || flags != expectedFlags)
        {
            Assert.Fail($"{bits} {signed} {rm} {a:x}: {result:x} {flags}, expected {expected:x} {expectedFlags}");
        }
    }

    /// <summary>The end of the range, as the register holds it: 32-bit results are sign-extended.</summary>
    private static ulong Saturated(int bits, bool signed, bool negative) => (bits, signed, negative) switch
    {
        (32, true, true) => 0xFFFF_FFFF_8000_0000,
        (32, true, false) => 0x7FFF_FFFF,
        (64, true, true) => 0x8000_0000_0000_0000,
        (64, true, false) => 0x7FFF_FFFF_FFFF_FFFF,
        (_, false, true) => 0,
        _ => ulong.MaxValue,
    };
}
