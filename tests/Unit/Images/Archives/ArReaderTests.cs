using Doppel.Images.Archives;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Archives;

public sealed class ArReaderTests
{
    [Fact]
    public void Members_come_with_name_and_content_whether_read_or_not()
    {
        ArReader reader = new(new MemoryStream(MadePackage.Ar(("one", [1, 2, 3]), ("two/", [4, 5]), ("three", []))));
        (string name, Stream content) = reader.Next()!.Value;
        Assert.Equal("one", name);
        Assert.Equal(1, content.ReadByte());
        (name, content) = reader.Next()!.Value;
        Assert.Equal("two", name);
        Assert.Equal([4, 5], ReadAll(content));
        Assert.Equal("three", reader.Next()!.Value.Name);
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Archive_without_its_magic_is_refused() =>
        Assert.Throws<InvalidDataException>(() => new ArReader(new MemoryStream("<html>not found</html>"u8.ToArray())));

    [Fact]
    public void Archive_that_is_cut_short_is_refused_wherever_it_is_cut()
    {
        byte[] archive = MadePackage.Ar(("one", [1, 2, 3, 4]), ("two", [5, 6, 7, 8]));
        // Between members an archive may end.
        int between = 8 + 60 + 4;
        for (int length = 0; length < archive.Length; length++)
        {
            if (length is 8 || length == between) continue;
            Assert.Throws<InvalidDataException>(() => ReadWhole(archive[..length]));
        }
    }

    [Theory]
    [InlineData("-1        ")]
    [InlineData("x         ")]
    [InlineData("9999999999")]
    [InlineData("          ")]
    public void Size_that_cannot_be_is_refused(string size)
    {
        byte[] archive = MadePackage.Ar(("one", [1, 2, 3, 4]));
        System.Text.Encoding.ASCII.GetBytes(size).CopyTo(archive, 8 + 48);
        Assert.Throws<InvalidDataException>(() => ReadWhole(archive));
    }

    private static void ReadWhole(byte[] archive)
    {
        ArReader reader = new(new MemoryStream(archive));
        while (reader.Next() is not null)
        {
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
