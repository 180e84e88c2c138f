// Relations between packages: Debian Policy 4.7, chapter 7.
using System.Text.RegularExpressions;

namespace Doppel.Images.Debian;

/// <summary>A package as an index describes it.</summary>
internal sealed record DebianPackage(string Name, string Version, string Path, long Size, string Sha256)
{
    /// <summary>Depends and Pre-Depends: all must hold, each by one of its alternatives.</summary>
    internal IReadOnlyList<IReadOnlyList<PackageRelation>> Dependencies { get; init; } = [];

    internal IReadOnlyList<PackageRelation> Provides { get; init; } = [];
}

/// <summary>A package's name with a condition on its version, if any.</summary>
internal sealed partial record PackageRelation(string Name, string? Operator, string? Version)
{
    /// <summary>Reads a relation field such as <c>a (>= 1), b | c</c>.</summary>
    internal static IReadOnlyList<IReadOnlyList<PackageRelation>> ParseAll(string? field) =>
        (field ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(group => (IReadOnlyList<PackageRelation>)group.Split('|', StringSplitOptions.TrimEntries).Select(Parse).ToList())
            .ToList();

    public override string ToString() => Operator is null ? Name : $"{Name} ({Operator} {Version})";

    private static PackageRelation Parse(string text)
    {
        Match match = Syntax().Match(text);
        if (!match.Success) throw new InvalidDataException($"not a package relation: '{text}'");
        return match.Groups["op"].Success
            ? new PackageRelation(match.Groups["name"].Value, match.Groups["op"].Value, match.Groups["version"].Value)
            : new PackageRelation(match.Groups["name"].Value, null, null);
    }

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][A-Za-z0-9+.\-]*)(:[a-z0-9\-]+)?(\s*\(\s*(?<op><<|<=|=|>=|>>|<|>)\s*(?<version>[^\s)]+)\s*\))?(\s*\[[^\]]*\])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Syntax();
}
