using Doppel.Machine.Loaders;

namespace Doppel.Tests.Unit.Machine;

public class KernelImageTests
{
    [Fact]
    public void Image_takesItsPlaceFromItsHeader()
    {
        KernelImage kernel = KernelImage.Parse(TestImages.Kernel(imageSize: 0x5000, fileSize: 0x400));

        LoadSegment segment = Assert.Single(kernel.Segments);
        Assert.True(kernel.Relative);
        Assert.Equal(0x20_0000UL, kernel.Entry);
        Assert.Equal((0x20_0000UL, 0x5000UL, 0x400), (segment.Address, segment.MemoryLength, segment.Data.Length));
    }

    [Fact]
    public void Image_inGzip_isUnpacked()
    {
        byte[] plain = TestImages.Kernel();

        Assert.Equal(plain, KernelImage.Parse(TestImages.Gzip(plain)).Segments[0].Data.ToArray());
    }

    [Fact]
    public void Image_inZboot_isUnpacked()
    {
        byte[] plain = TestImages.Kernel();
        byte[] packed = TestImages.Gzip(plain);
        byte[] file = new byte[128 + packed.Length];
        "MZ\0\0zimg"u8.CopyTo(file);
        file[8] = 128;
        BitConverter.TryWriteBytes(file.AsSpan(12), packed.Length);
        "gzip"u8.CopyTo(file.AsSpan(0x18));
        packed.CopyTo(file, 128);

        Assert.Equal(plain, KernelImage.Parse(file).Segments[0].Data.ToArray());
    }

    [Fact]
    public void Elf_isLoadedWhereItSays()
    {
        KernelImage kernel = KernelImage.Parse(TestImages.Elf(0x8020_0000, [0x13, 0x13], memoryLength: 0x100));

        Assert.False(kernel.Relative);
        Assert.Equal(0x8020_0000UL, kernel.Entry);
        Assert.Equal(0x100UL, kernel.Segments[0].MemoryLength);
    }

    [Fact]
    public void EfiKernel_shorterThanItsSections_isTruncated()
    {
        Assert.NotNull(KernelImage.Parse(TestImages.EfiKernel(0x1000, 0x1000)));

        var error = Assert.Throws<ImageFormatException>(() => KernelImage.Parse(TestImages.EfiKernel(0xfff, 0x1000)));
        Assert.Contains("truncated: 4095 of 4096 bytes", error.Message);
    }

    [Fact]
    public void Truncated_gzip_isRefused()
    {
        byte[] packed = TestImages.Gzip(TestImages.Kernel(fileSize: 0x8000));

        foreach (int length in (int[])[20, packed.Length / 2, packed.Length - 9, packed.Length - 1])
        {
            Assert.Throws<ImageFormatException>(() => KernelImage.Parse(packed[..length]));
        }
    }

    [Fact]
    public void Garbage_inAnyHeaderByte_givesAResultOrACleanRefusal()
    {
        byte[][] originals = [TestImages.Kernel(), TestImages.EfiKernel(0x400, 0x400), TestImages.Elf(0x8000_0000, [0x13]), TestImages.Gzip(TestImages.Kernel())];
        foreach (byte[] original in originals)
        {
            for (int i = 0; i < Math.Min(original.Length, 256); i++)
            {
                foreach (byte value in (byte[])[0, 0x7f, 0x80, 0xff])
                {
                    byte[] file = [.. original];
                    file[i] = value;
                    Exception? error = Record.Exception(() => KernelImage.Parse(file));
                    Assert.True(error is null or ImageFormatException, $"byte {i} = {value}: {error}");
                }
            }
        }
    }

    public static TheoryData<string, byte[]> Foreign => new()
    {
        { "x86", Patched(0x400, (0x1fe, [0x55, 0xaa]), (0x202, "HdrS"u8.ToArray())) },
        { "arm64", Patched(0x400, (0x38, "ARMd"u8.ToArray())) },
        { "x86-64", TestImages.Elf(0x8000_0000, [0x13], machine: 62) },
        { "arm64", TestImages.Elf(0x8000_0000, [0x13], machine: 183) },
        { "32-bit RISC-V", TestImages.Elf(0x8000_0000, [0x13], bits: 1) },
        { "arm64", Patched(0x400, (0, "MZ"u8.ToArray()), (0x3c, [0x80, 0, 0, 0]), (0x80, [(byte)'P', (byte)'E', 0, 0, 0x64, 0xaa])) },
        { "xz", Patched(0x400, (0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])) },
        { "zstd", Patched(0x400, (0, [0x28, 0xb5, 0x2f, 0xfd])) },
        { "no kernel", new byte[0x400] },
        { "empty", [] },
        { "truncated", new byte[10] },
        { "big-endian", TestImages.Kernel(flags: 1) },
        { "nothing", new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F' } },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void WhatIsNoKernelForThisMachine_isNamed(string what, byte[] file)
    {
        var error = Assert.Throws<ImageFormatException>(() => KernelImage.Parse(file));

        if (what != "nothing") Assert.Contains(what, error.Message);
        Assert.NotEmpty(error.Hint);
    }

    private static byte[] Patched(int length, params (int Offset, byte[] Bytes)[] patches)
    {
        byte[] file = new byte[length];
        foreach ((int offset, byte[] bytes) in patches) bytes.CopyTo(file, offset);
        return file;
    }
}
