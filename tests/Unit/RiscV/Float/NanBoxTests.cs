using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

public sealed class NanBoxTests
{
    [Fact]
    public void Boxing_narrow_values_fills_the_register_with_ones()
    {
        Assert.Equal(0xFFFF_FFFF_3F80_0000UL, NanBox.Box32(0x3F80_0000));
        Assert.Equal(0xFFFF_FFFF_FFFF_3C00UL, NanBox.Box16(0x3C00));
        Assert.Equal(0x3FF0_0000_0000_0000UL, NanBox.Box<Binary64>(0x3FF0_0000_0000_0000));
    }

    [Fact]
    public void Unboxing_a_boxed_value_gives_it_back()
    {
        Assert.Equal(0xBF80_0000UL, NanBox.Unbox32(0xFFFF_FFFF_BF80_0000));
        Assert.Equal(0x3C00UL, NanBox.Unbox16(0xFFFF_FFFF_FFFF_3C00));
        Assert.Equal(0x0123_4567_89AB_CDEFUL, NanBox.Unbox<Binary64>(0x0123_4567_89AB_CDEF));
    }

    [Theory]
    [InlineData(0x0000_0000_3F80_0000)]
    [InlineData(0x7FFF_FFFF_3F80_0000)]
    [InlineData(0xFFFF_FFFE_3F80_0000)]
    public void Unboxing_anything_else_gives_the_canonical_nan(ulong register)
    {
        Assert.Equal(0x7FC0_0000UL, NanBox.Unbox32(register));
        Assert.Equal(0x7E00UL, NanBox.Unbox16(register));
    }

    [Fact]
    public void Unboxing_half_from_a_boxed_single_gives_the_canonical_nan()
    {
        Assert.Equal(0x7E00UL, NanBox.Unbox16(0xFFFF_FFFF_3F80_3C00));
    }
}
