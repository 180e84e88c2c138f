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

    private static List<string> Read(byte[] deb) => [.. DebReader.Entries(new MemoryStream(deb), "pkg").Select(entry => entry.Path)];
}
