using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Comparisons, minimum and maximum, sign injection and classification.</summary>
public sealed class CompareTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Comparisons_special_and_random_pairs_order_as_the_values_do(int width)
    {
        switch (width)
        {
            case 16:
                Compare<Binary16>(b => (double)BitConverter.UInt16BitsToHalf((ushort)b));
                break;
            case 32:
                Compare<Binary32>(b => BitConverter.UInt32BitsToSingle((uint)b));
                break;
            default:
                Compare<Binary64>(BitConverter.UInt64BitsToDouble);
                break;
        }
    }

    [Theory]
    [InlineData(0x0000, 0x8000, 0x8000, 0x0000)] // −0 is less than +0
    [InlineData(0x8000, 0x0000, 0x8000, 0x0000)]
    [InlineData(0x3C00, 0xBC00, 0xBC00, 0x3C00)]
    [InlineData(0xC000, 0xBC00, 0xC000, 0xBC00)]
    [InlineData(0x7C00, 0xFC00, 0xFC00, 0x7C00)]
    [InlineData(0x0001, 0x8001, 0x8001, 0x0001)]
    public void Minimum_and_maximum_of_numbers_pick_by_order(ulong a, ulong b, ulong least, ulong greatest)
    {
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(least, FloatArithmetic.MinimumNumber<Binary16>(a, b, ref flags));
        Assert.Equal(least, FloatArithmetic.Minimum<Binary16>(a, b, ref flags));
        Assert.Equal(greatest, FloatArithmetic.MaximumNumber<Binary16>(a, b, ref flags));
        Assert.Equal(greatest, FloatArithmetic.Maximum<Binary16>(a, b, ref flags));
        Assert.Equal(FloatFlags.None, flags);
    }

    [Theory]
    [InlineData(0x7FC0_1234, 0x3F80_0000, 0x3F80_0000, FloatFlags.None)] // the number wins over a NaN
    [InlineData(0x3F80_0000, 0xFFC0_0000, 0x3F80_0000, FloatFlags.None)]
    [InlineData(0x7F80_0001, 0x3F80_0000, 0x3F80_0000, FloatFlags.Invalid)]
    [InlineData(0x3F80_0000, 0x7F80_0001, 0x3F80_0000, FloatFlags.Invalid)]
    [InlineData(0xFFC0_0000, 0x7FC0_1234, 0x7FC0_0000, FloatFlags.None)]
    [InlineData(0x7F80_0001, 0x7FC0_1234, 0x7FC0_0000, FloatFlags.Invalid)]
    internal void Minimum_and_maximum_with_a_nan_deliver_the_number_and_their_zfa_forms_the_nan(ulong a, ulong b, ulong expected, FloatFlags raised)
    {
        FloatFlags flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.MinimumNumber<Binary32>(a, b, ref flags));
        Assert.Equal(raised, flags);
        flags = FloatFlags.None;
        Assert.Equal(expected, FloatArithmetic.MaximumNumber<Binary32>(a, b, ref flags));
        Assert.Equal(raised, flags);
        flags = FloatFlags.None;
        Assert.Equal(0x7FC0_0000UL, FloatArithmetic.Minimum<Binary32>(a, b, ref flags));
        Assert.Equal(raised, flags);
        flags = FloatFlags.None;
        Assert.Equal(0x7FC0_0000UL, FloatArithmetic.Maximum<Binary32>(a, b, ref flags));
        Assert.Equal(raised, flags);
    }

    [Fact]
    public void Sign_injection_keeps_the_rest_even_of_a_nan()
    {
        Assert.Equal(0xFF80_0001UL, FloatArithmetic.InjectSign<Binary32>(0x7F80_0001, 0x8000_0000));
        Assert.Equal(0x7F80_0001UL, FloatArithmetic.InjectSign<Binary32>(0xFF80_0001, 0x0000_0000));
        Assert.Equal(0x7F80_0001UL, FloatArithmetic.InjectNegatedSign<Binary32>(0xFF80_0001, 0x8000_0000));
        Assert.Equal(0xFF80_0001UL, FloatArithmetic.InjectNegatedSign<Binary32>(0x7F80_0001, 0x0000_0000));
        Assert.Equal(0x3F80_0000UL, FloatArithmetic.InjectXorSign<Binary32>(0xBF80_0000, 0x8000_0000));
        Assert.Equal(0xBF80_0000UL, FloatArithmetic.InjectXorSign<Binary32>(0xBF80_0000, 0x7FFF_FFFF));
    }

    [Fact]
    public void Classification_every_binary16_encoding_falls_in_the_class_of_its_value()
    {
        for (uint a = 0; a < 0x10000; a++)
        {
            Half value = BitConverter.UInt16BitsToHalf((ushort)a);
            bool negative = Half.IsNegative(value);
            FloatClass expected =
                Half.IsNaN(value) ? (a & 0x0200) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN
                : Half.IsInfinity(value) ? negative ? FloatClass.NegativeInfinity : FloatClass.PositiveInfinity
                : Half.IsSubnormal(value) ? negative ? FloatClass.NegativeSubnormal : FloatClass.PositiveSubnormal
                : value == Half.Zero ? negative ? FloatClass.NegativeZero : FloatClass.PositiveZero
                : negative ? FloatClass.NegativeNormal : FloatClass.PositiveNormal;
            Assert.Equal(expected, FloatArithmetic.Classify<Binary16>(a));
        }
    }

    [Theory]
    [InlineData(0xFFF0_0000_0000_0000, 0x001)]
    [InlineData(0xC000_0000_0000_0000, 0x002)]
    [InlineData(0x8000_0000_0000_0001, 0x004)]
    [InlineData(0x8000_0000_0000_0000, 0x008)]
    [InlineData(0x0000_0000_0000_0000, 0x010)]
    [InlineData(0x000F_FFFF_FFFF_FFFF, 0x020)]
    [InlineData(0x0010_0000_0000_0000, 0x040)]
    [InlineData(0x7FF0_0000_0000_0000, 0x080)]
    [InlineData(0xFFF0_0000_0000_0001, 0x100)]
    [InlineData(0x7FF8_0000_0000_0000, 0x200)]
    public void Classification_delivers_the_architectural_mask(ulong a, int mask)
    {
        Assert.Equal(mask, (int)FloatArithmetic.Classify<Binary64>(a));
    }

    private static void Compare<TFormat>(Func<ulong, double> value)
        where TFormat : struct, IBinaryFormat
    {
        FormatUnderTest<TFormat> format = new();
        Operands operands = new(format, seed: 5);
        ulong[] special = Operands.Special(format);
        List<(ulong A, ulong B)> pairs = [.. special.SelectMany(a => special, (a, b) => (a, b))];
        for (int i = 0; i < 5000; i++)
        {
            ulong a = operands.Finite();
            pairs.Add((a, operands.FiniteNear(a)));
        }

        foreach ((ulong a, ulong b) in pairs)
        {
            double x = value(a);
            double y = value(b);
            FloatFlags quiet = format.IsSignaling(a) || format.IsSignaling(b) ? FloatFlags.Invalid : FloatFlags.None;
            FloatFlags signaling = format.IsNaN(a) || format.IsNaN(b) ? FloatFlags.Invalid : FloatFlags.None;
            FloatFlags eq = 0, lt = 0, le = 0, ltq = 0, leq = 0;
            Assert.Equal(x == y, FloatArithmetic.Equal<TFormat>(a, b, ref eq));
            Assert.Equal(x < y, FloatArithmetic.Less<TFormat>(a, b, ref lt));
            Assert.Equal(x <= y, FloatArithmetic.LessOrEqual<TFormat>(a, b, ref le));
            Assert.Equal(x < y, FloatArithmetic.LessQuiet<TFormat>(a, b, ref ltq));
            Assert.Equal(x <= y, FloatArithmetic.LessOrEqualQuiet<TFormat>(a, b, ref leq));
            Assert.Equal((quiet, quiet, quiet), (eq, ltq, leq));
            Assert.Equal((signaling, signaling), (lt, le));
        }
    }
}
