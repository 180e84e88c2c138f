using Doppel.Images.Debian;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class AptSourcesTests
{
    [Fact]
    public void Sources_in_deb822_style_give_their_uris()
    {
        const string Text = """
            # a comment
            Types: deb deb-src
            URIs: http://a.example/debian
             https://b.example/sub/debian/
            Suites: trixie
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             -----END PGP PUBLIC KEY BLOCK-----

            Types: deb-src
            URIs: http://sources.example/debian

            Types: deb
            Enabled: no
            URIs: http://off.example/debian
            """;
        Assert.Equal(["http://a.example/debian", "https://b.example/sub/debian/"], AptSources.ParseDeb822(Text));
    }

    [Fact]
    public void Sources_in_one_line_style_give_their_uris()
    {
        const string Text = """
            # deb http://commented.example/debian trixie main
            deb http://a.example/debian trixie main # why
            deb-src http://sources.example/debian trixie main
            deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://b.example/debian/ trixie main
            deb	http://tab.example/debian	trixie	main
            deb [unclosed http://no.example/debian
            """;
        Assert.Equal(["http://a.example/debian", "https://b.example/debian/", "http://tab.example/debian"], AptSources.ParseOneLine(Text));
    }

    [Fact]
    public void Mirrors_are_the_configured_ones_of_debian_and_then_the_public_one()
    {
        using TempFolder folder = new();
        string parts = Directory.CreateDirectory(Path.Combine(folder.Path, "sources.list.d")).FullName;
        File.WriteAllText(Path.Combine(folder.Path, "sources.list"), "deb http://b.example/debian trixie main\ndeb http://b.example/debian/ trixie-updates main\n");
        File.WriteAllText(Path.Combine(parts, "debian.sources"), "Types: deb\nURIs: http://c.example/debian http://c.example/debian-security\n");
        File.WriteAllText(Path.Combine(parts, "other.list"), "deb http://ubuntu.example/ubuntu noble main\ndeb cdrom:[x]/debian trixie main\n");
        File.WriteAllText(Path.Combine(parts, "off.list.disabled"), "deb http://off.example/debian trixie main\n");
        Assert.Equal(["http://b.example/debian/", "http://c.example/debian/", AptSources.PublicMirror + "/"], AptSources.Mirrors(folder.Path).Select(uri => uri.ToString()));
    }

    [Fact]
    public void Mirrors_without_any_configuration_are_the_public_one() =>
        Assert.Equal([new Uri(AptSources.PublicMirror + "/")], AptSources.Mirrors("/nonexistent"));

    [Fact]
    public void Mirrors_pass_over_a_damaged_file()
    {
        using TempFolder folder = new();
        string parts = Directory.CreateDirectory(Path.Combine(folder.Path, "sources.list.d")).FullName;
        File.WriteAllText(Path.Combine(parts, "a.sources"), "no field here\n");
        File.WriteAllText(Path.Combine(parts, "b.sources"), "Types: deb\nURIs: http://c.example/debian\n");
        Assert.Equal("http://c.example/debian/", AptSources.Mirrors(folder.Path)[0].ToString());
    }
}
