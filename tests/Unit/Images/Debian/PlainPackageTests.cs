using Doppel.Core.Errors;
using Doppel.Images.Archives;
using Doppel.Images.Debian;
using Doppel.Tests.Unit.Images.Doubles;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class PlainPackageTests
{
    [Fact]
    public void Package_holds_the_same_without_compression()
    {
        byte[] deb = MadePackage.Deb(MadePackage.Directory("usr"), MadePackage.File("usr/a", [1, 2, 3]), MadePackage.Link("b", "usr/a"));
        byte[] plain = Write(deb, out DateTimeOffset made);

        Assert.Equal(MadePackage.Made, made);
        ArReader reader = new(new MemoryStream(plain));
        List<string> members = [];
        while (reader.Next() is { } member) members.Add(member.Name);
        Assert.Equal(["debian-binary", "control.tar", "data.tar"], members);
        Assert.Equal(["usr", "usr/a", "b"], DebReader.Entries(new MemoryStream(plain), "made").Select(entry => entry.Path));
        // What is plain already stays so.
        Assert.Equal(plain, Write(plain, out _));
    }

    [Fact]
    public void Package_that_is_cut_is_corrupt()
    {
        byte[] deb = MadePackage.Deb(MadePackage.File("a", new byte[3000]));
        for (int length = 0; length < deb.Length; length += 101)
            Assert.Equal(ErrorKind.Corrupt, Assert.Throws<DoppelException>(() => Write(deb[..length], out _)).Kind);
    }

    private static byte[] Write(byte[] deb, out DateTimeOffset made)
    {
        MemoryStream target = new();
        made = PlainPackage.Write(new MemoryStream(deb), target, "made");
        return target.ToArray();
    }
}
