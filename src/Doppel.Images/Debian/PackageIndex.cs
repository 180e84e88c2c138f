// Packages indices: https://wiki.debian.org/DebianRepository/Format, "Packages Indices".
using System.Globalization;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Images.Debian;

/// <summary>All packages of an index by name, and what follows from their relations.</summary>
internal sealed class PackageIndex
{
    private static readonly HashSet<string> Wanted =
        new(["Package", "Version", "Filename", "Size", "SHA256", "Depends", "Pre-Depends", "Provides", "Priority", "Essential"], StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, ControlParagraph> _packages = [];
    private readonly Dictionary<string, List<string>> _providers = [];

    private PackageIndex()
    {
    }

    internal int Count => _packages.Count;

    /// <summary>Reads an index. Of several versions of a package the highest counts.</summary>
    internal static PackageIndex Parse(Stream stream)
    {
        PackageIndex index = new();
        using StreamReader reader = new(stream, Encoding.UTF8, bufferSize: 1 << 16, leaveOpen: true);
        foreach (ControlParagraph paragraph in ControlParagraph.Parse(reader, Wanted))
        {
            if (paragraph["Package"] is not { Length: > 0 } name || paragraph["Version"] is not { } version) throw new InvalidDataException("a package without name or version");
            if (index._packages.TryGetValue(name, out ControlParagraph? other) && DebianVersion.Compare(other["Version"]!, version) >= 0) continue;
            index._packages[name] = paragraph;
            if (paragraph["Provides"] is not { } provides) continue;
            foreach (PackageRelation provided in PackageRelation.ParseAll(provides).SelectMany(group => group))
            {
                if (!index._providers.TryGetValue(provided.Name, out List<string>? list)) index._providers[provided.Name] = list = [];
                list.Add(name);
            }
        }
        return index;
    }

    internal DebianPackage? Find(string name) => _packages.TryGetValue(name, out ControlParagraph? paragraph) ? Make(paragraph) : null;

    internal DebianPackage Get(string name) => Find(name)
        ?? throw new DoppelException(ErrorKind.NotFound, $"Debian has no package '{name}' for this machine", "check the name at packages.debian.org");

    /// <summary>What every Debian system has: packages that are marked as essential or of priority "required", by name (Debian Policy 4.7, sections 2.5 and 3.8).</summary>
    internal IEnumerable<DebianPackage> Required() => _packages.Values.Where(fields => fields["Essential"] == "yes" || fields["Priority"] == "required")
        .OrderBy(fields => fields["Package"], StringComparer.Ordinal).Select(Make);

    /// <summary>Packages that provide a name, themselves or as a virtual package, and meet the relation's version.</summary>
    internal IEnumerable<DebianPackage> Satisfying(PackageRelation relation)
    {
        if (Find(relation.Name) is { } real && (relation.Operator is null || DebianVersion.Satisfies(real.Version, relation.Operator, relation.Version!))) yield return real;
        foreach (string provider in _providers.GetValueOrDefault(relation.Name) ?? [])
        {
            if (Find(provider) is not { } package) continue;
            if (relation.Operator is null || package.Provides.Any(provided => provided.Name == relation.Name && provided.Version is { } version && DebianVersion.Satisfies(version, relation.Operator, relation.Version!)))
                yield return package;
        }
    }

    private static DebianPackage Make(ControlParagraph fields)
    {
        string name = fields["Package"]!;
        string? path = fields["Filename"];
        if (path is null || path.StartsWith('/') || path.Split('/').Contains("..")
            || !long.TryParse(fields["Size"], NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            || !Sha256Text.IsValid(fields["SHA256"]))
        {
            throw new InvalidDataException($"the entry of package '{name}' is damaged");
        }
        return new DebianPackage(name, fields["Version"]!, path, size, fields["SHA256"]!)
        {
            Dependencies = [.. PackageRelation.ParseAll(fields["Pre-Depends"]), .. PackageRelation.ParseAll(fields["Depends"])],
            Provides = PackageRelation.ParseAll(fields["Provides"]).SelectMany(group => group).ToList(),
        };
    }
}
