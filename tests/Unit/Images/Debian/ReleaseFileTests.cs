using Doppel.Images.Debian;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class ReleaseFileTests
{
    private const string Hash = "1b0d89902b0bde1d8cacb392e3c9b73511abc12b291511c3a9dcd28ad0fa3582";
    private const string Fields = "Codename: trixie\nVersion: 13.7\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nAcquire-By-Hash: yes\nMD5Sum:\n 3e498904a30e240573dac8ddac594e6f 1 a\nSHA256:\n " + Hash + "  9385284 main/binary-riscv64/Packages.xz\n";

    [Theory]
    [InlineData(Fields)]
    [InlineData("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + Fields + "-----BEGIN PGP SIGNATURE-----\n\nSHA256: no\n-----END PGP SIGNATURE-----\n")]
    public void Parse_gives_what_the_suite_consists_of(string text)
    {
        ReleaseFile release = ReleaseFile.Parse(text);
        Assert.Equal("trixie", release.Codename);
        Assert.Equal("13.7", release.Version);
        Assert.Equal(new DateTimeOffset(2026, 9, 12, 7, 55, 41, TimeSpan.Zero), release.Date);
        Assert.True(release.AcquireByHash);
        Assert.Equal((Hash, 9385284L), release["main/binary-riscv64/Packages.xz"]);
        Assert.Null(release["a"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Codename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n")]
    [InlineData("Codename: trixie\nDate: yesterday\nSHA256:\n " + Hash + " 1 a\n")]
    [InlineData("Date: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n ../../etc/passwd 1 a\n")]
    [InlineData("Date: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n " + Hash + " -1 a\n")]
    [InlineData("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + Fields)]
    [InlineData("<html>the login page of a hotel</html>")]
    public void Parse_of_damage_is_refused(string text) => Assert.Throws<InvalidDataException>(() => ReleaseFile.Parse(text));
}
