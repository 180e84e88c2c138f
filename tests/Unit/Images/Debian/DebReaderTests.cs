using System.Formats.Tar;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Debian;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class DebReaderTests
{
    [Fact]
    public void Entries_have_paths_without_a_leading_dot()
    {
        byte[] deb = MadePackage.Deb(MadePackage.Directory("usr"), MadePackage.File("usr/a", [1]), MadePackage.Link("b", "usr/a"));
        Assert.Equal(["usr", "usr/a", "b"], Read(deb));
    }

    [Fact]
    public void Package_packed_with_zstd_is_refused_by_name()
    {
        DoppelException error = Assert.Throws<DoppelException>(() => Read(MadePackage.Ar(("debian-binary", []), ("data.tar.zst", [1]))));
        Assert.Contains("data.tar.zst", error.Message);
    }

    [Fact]
    public void Package_that_is_damaged_is_corrupt_wherever_it_is_cut()
    {
        byte[] deb = MadePackage.Deb(MadePackage.File("a", new byte[3000]));
        // Behind the end of the tar archive itself nothing is read.
        for (int length = 0; length < deb.Length - 10_000; length += 37)
            Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => Read(deb[..length])).Kind);
        Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => Read("<html>"u8.ToArray())).Kind);
        Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => Read(MadePackage.Ar(("debian-binary", [])))).Kind);
    }

    [Theory]
    [InlineData(124)]
    [InlineData(136)]
    public void Package_with_a_size_or_time_that_no_file_has_is_corrupt(int field)
    {
        var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true)) tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, "a"));
        byte[] bytes = archive.ToArray();
        // A binary number of 12 bytes, and the header's checksum, which counts itself as spaces.
        bytes.AsSpan(field, 12).Fill(0x7f);
        bytes[field] = 0x80;
        if (field == 136) bytes.AsSpan(field + 1, 4).Clear();
        bytes.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(bytes.Take(512).Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, 148);
        Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => Read(MadePackage.Ar(("data.tar", bytes)))).Kind);
    }

    private static List<string> Read(byte[] deb) => [.. DebReader.Entries(new MemoryStream(deb), "pkg").Select(entry => entry.Path)];
}
