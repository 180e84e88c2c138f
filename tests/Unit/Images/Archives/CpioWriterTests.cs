using System.Text;
using Doppel.Images.Archives;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Archives;

public sealed class CpioWriterTests
{
    // Field by field as the kernel's buffer-format.rst lists them.
    [Fact]
    public void Header_has_the_fields_of_newc()
    {
        byte[] archive = Write(writer => writer.File("init", "hi"u8, 0x1ED), modificationTime: 0x1234_5678);
        string expected = "070701" + "00000001" + "000081ed" + "00000000" + "00000000" + "00000001" + "12345678" + "00000002"
            + "00000000" + "00000000" + "00000000" + "00000000" + "00000005" + "00000000" + "init\0" + "\0" + "hi\0\0";
        Assert.Equal(expected, Encoding.ASCII.GetString(archive, 0, expected.Length));
    }

    [Fact]
    public void Entries_of_every_kind_are_read_back()
    {
        byte[] archive = Write(writer =>
        {
            writer.Directory("tmp", 0x3FF);
            writer.File("./usr/bin/tool", "content"u8, 0x1ED);
            writer.File("usr/bin/streamed", new MemoryStream([1, 2, 3, 4, 5]), 4, 0x1A4);
            writer.Symlink("bin", "usr/bin");
            writer.CharacterDevice("dev/console", 5, 1, 0x180);
        });
        IReadOnlyList<CpioEntry> entries = CpioReader.Read(archive);
        Assert.Equal(["tmp", "usr", "usr/bin", "usr/bin/tool", "usr/bin/streamed", "bin", "dev", "dev/console"], entries.Select(entry => entry.Path));
        Assert.Equal([0x43FFu, 0x41EDu, 0x41EDu, 0x81EDu, 0x81A4u, 0xA1FFu, 0x41EDu, 0x2180u], entries.Select(entry => entry.Mode));
        Assert.Equal("content", entries[3].Text);
        Assert.Equal([1, 2, 3, 4], entries[4].Content);
        Assert.Equal("usr/bin", entries[5].Text);
        Assert.Equal((5u, 1u), (entries[7].Major, entries[7].Minor));
    }

    [Fact]
    public void Archives_can_be_joined()
    {
        byte[] joined = [.. Write(writer => writer.File("a", "1"u8)), .. Write(writer => writer.File("a", "22"u8))];
        Assert.Equal(0, joined.Length % 512);
        Assert.Equal("22", CpioReader.ReadMerged(joined)["a"].Text);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("usr/../../outside")]
    [InlineData("a\0b")]
    public void Path_that_leaves_the_archive_is_refused(string path) =>
        Assert.Throws<InvalidDataException>(() => Write(writer => writer.File(path, [])));

    [Fact]
    public void Content_shorter_than_announced_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Write(writer => writer.File("a", new MemoryStream([1]), 2, 0)));

    private static byte[] Write(Action<CpioWriter> entries, uint modificationTime = 0)
    {
        using MemoryStream output = new();
        CpioWriter writer = new(output, modificationTime);
        entries(writer);
        writer.Finish();
        return output.ToArray();
    }
}
