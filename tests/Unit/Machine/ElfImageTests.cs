using System.Buffers.Binary;
using Doppel.Machine.Loaders;

namespace Doppel.Tests.Unit.Machine;

public class ElfImageTests
{
    [Fact]
    public void Symbols_areFoundByName()
    {
        ElfImage elf = ElfImage.Parse(TestImages.Elf(0x8000_0000, [0x13], symbols: [("tohos", 1), ("tohost", 0x8000_1000), ("fromhost", 0x8000_1040)]));

        Assert.Equal(0x8000_1000UL, elf.FindSymbol("tohost"));
        Assert.Equal(0x8000_1040UL, elf.FindSymbol("fromhost"));
        Assert.Null(elf.FindSymbol("host"));
        Assert.Null(elf.FindSymbol("tohost2"));
    }

    [Fact]
    public void Stripped_program_hasNoSymbols()
    {
        byte[] file = TestImages.Elf(0x8000_0000, [0x13], symbols: [("tohost", 1)]);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), 0);

        Assert.Null(ElfImage.Parse(file).FindSymbol("tohost"));
    }

    [Fact]
    public void VirtualEntry_becomesAPhysicalOne()
    {
        byte[] file = TestImages.Elf(0x8000_0000, [0x13, 0x13], entry: 0xffff_0004);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(64 + 16), 0xffff_0000);

        Assert.Equal(0x8000_0004UL, ElfImage.Parse(file).Entry);
    }

    [Theory]
    [InlineData(24, 0x1234_5678UL)] // entry outside
    [InlineData(32, 0xffff_ffff_ffff_fff0UL)] // program headers outside
    [InlineData(64 + 8, 0x7fff_ffff_ffffUL)] // data outside
    [InlineData(64 + 32, 0x7fff_ffff_ffffUL)] // more data than memory
    [InlineData(64 + 40, 0UL)] // nothing in memory
    [InlineData(64 + 24, 0xffff_ffff_ffff_ffffUL)] // wraps around
    public void Damaged_program_isRefused(int offset, ulong value)
    {
        byte[] file = TestImages.Elf(0x8000_0000, [0x13, 0x13]);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), value);

        Assert.Throws<ImageFormatException>(() => ElfImage.Parse(file));
    }

    [Fact]
    public void Truncated_program_isRefused()
    {
        byte[] file = TestImages.Elf(0x8000_0000, [0x13, 0x13]);

        for (int length = 0; length < 64 + 56 + 8; length++)
        {
            Assert.Throws<ImageFormatException>(() => ElfImage.Parse(file[..length]));
        }
    }
}
