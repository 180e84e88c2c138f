using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Debian;

namespace Doppel.Tests.Unit.Images.Debian;

public sealed class PackageIndexTests
{
    [Fact]
    public void Index_gives_a_package_with_its_relations()
    {
        PackageIndex index = Index(Entry("tool", "1.2-3", "Pre-Depends: libc6 (>= 2.38)\nDepends: a (<< 2) | b:any,\n c\nProvides: gadget (= 4)\n"));
        DebianPackage package = index.Get("tool");
        Assert.Equal(("tool", "1.2-3", "pool/tool.deb", 7L), (package.Name, package.Version, package.Path, package.Size));
        Assert.Equal(["libc6 (>= 2.38)", "a (<< 2)|b", "c"], package.Dependencies.Select(group => string.Join('|', group)));
        Assert.Equal(["gadget (= 4)"], package.Provides.Select(relation => relation.ToString()));
    }

    [Fact]
    public void Index_with_two_versions_gives_the_higher()
    {
        PackageIndex index = Index(Entry("tool", "1.10-1"), Entry("tool", "1.9-1"));
        Assert.Equal("1.10-1", index.Get("tool").Version);
    }

    [Fact]
    public void Package_that_is_missing_is_not_found() =>
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => Index().Get("none")).Kind);

    [Theory]
    [InlineData("Package: a\n")]
    [InlineData("Package: a\nVersion: 1\nno colon\n")]
    public void Index_that_is_damaged_is_refused(string text) => Assert.Throws<InvalidDataException>(() => Parse(text));

    [Theory]
    [InlineData("Filename: ../x.deb\nSize: 1\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("Filename: /x.deb\nSize: 1\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("Filename: x.deb\nSize: many\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("Filename: x.deb\nSize: 1\nSHA256: 00\n")]
    [InlineData("Size: 1\n")]
    public void Entry_that_is_damaged_is_refused_when_it_is_needed(string fields)
    {
        PackageIndex index = Parse("Package: a\nVersion: 1\n" + fields);
        Assert.Throws<InvalidDataException>(() => index.Get("a"));
    }

    [Fact]
    public void Resolve_closes_over_dependencies_cycles_and_virtual_packages()
    {
        PackageIndex index = Index(
            Entry("tool", "1", "Depends: libx (>= 2), awk, debconf (>= 1) | debconf-2.0\n"),
            Entry("libx", "2", "Depends: liby\n"),
            Entry("liby", "1", "Depends: libx\n"),
            Entry("mawk", "1", "Provides: awk\n"),
            Entry("unrelated", "1"));
        Assert.Equal(["liby", "libx", "mawk", "tool"], DependencyResolver.Resolve(index, ["tool"]).Select(package => package.Name));
    }

    [Fact]
    public void Resolve_keeps_an_alternative_that_is_chosen_already()
    {
        PackageIndex index = Index(Entry("tool", "1", "Depends: a | b\n"), Entry("a", "1"), Entry("b", "1"));
        Assert.Equal(["b", "tool"], DependencyResolver.Resolve(index, ["b", "tool"]).Select(package => package.Name));
    }

    [Fact]
    public void Resolve_takes_the_alternative_whose_version_fits()
    {
        PackageIndex index = Index(Entry("tool", "1", "Depends: a (>= 2) | b\n"), Entry("a", "1"), Entry("b", "1"));
        Assert.Equal(["b", "tool"], DependencyResolver.Resolve(index, ["tool"]).Select(package => package.Name));
    }

    [Fact]
    public void Resolve_names_what_cannot_be_had()
    {
        PackageIndex index = Index(Entry("tool", "1", "Depends: a (>= 2)\n"), Entry("a", "1"));
        DoppelException error = Assert.Throws<DoppelException>(() => DependencyResolver.Resolve(index, ["tool"]));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Contains("'tool' needs a (>= 2)", error.Message);
    }

    private static string Entry(string name, string version, string extra = "") =>
        $"Package: {name}\nVersion: {version}\n{extra}Description: short\n long\nFilename: pool/{name}.deb\nSize: 7\nSHA256: {new string('a', 64)}\n\n";

    private static PackageIndex Index(params string[] entries) => Parse(string.Concat(entries));

    private static PackageIndex Parse(string text) => PackageIndex.Parse(new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
