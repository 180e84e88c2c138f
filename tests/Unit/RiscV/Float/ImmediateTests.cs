using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

public sealed class ImmediateTests
{
    private static readonly double[] Values =
    [
        -1, double.NaN, 1.52587890625e-05, 3.0517578125e-05, 0.00390625, 0.0078125, 0.0625, 0.125, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875,
        1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 8, 16, 128, 256, 32768, 65536, double.PositiveInfinity, double.NaN,
    ];

    [Fact]
    public void Every_index_has_the_value_of_the_table_in_every_format()
    {
        for (int i = 0; i < 32; i++)
        {
            if (i is 1 or 31)
            {
                continue;
            }

            Assert.Equal(BitConverter.DoubleToUInt64Bits(Values[i]), FloatArithmetic.Immediate<Binary64>(i));
            Assert.Equal(BitConverter.SingleToUInt32Bits((float)Values[i]), FloatArithmetic.Immediate<Binary32>(i));
            Assert.Equal(BitConverter.HalfToUInt16Bits((Half)Values[i]), FloatArithmetic.Immediate<Binary16>(i));
        }
    }

    [Fact]
    public void Smallest_normal_and_canonical_nan_are_the_format_s_own()
    {
        Assert.Equal(0x0400UL, FloatArithmetic.Immediate<Binary16>(1));
        Assert.Equal(0x0080_0000UL, FloatArithmetic.Immediate<Binary32>(1));
        Assert.Equal(0x0010_0000_0000_0000UL, FloatArithmetic.Immediate<Binary64>(1));
        Assert.Equal(0x7E00UL, FloatArithmetic.Immediate<Binary16>(31));
        Assert.Equal(0x7FC0_0000UL, FloatArithmetic.Immediate<Binary32>(31));
        Assert.Equal(0x7FF8_0000_0000_0000UL, FloatArithmetic.Immediate<Binary64>(31));
    }

    [Fact]
    public void Two_to_the_sixteenth_is_infinite_in_binary16()
    {
        Assert.Equal(0x7C00UL, FloatArithmetic.Immediate<Binary16>(29));
    }
}
