// Implements: the file of a manifest: a line of JSON, and a line with the SHA-256 of the JSON in hexadecimal digits.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Host.Files;
using Doppel.Host.Memory;
using Doppel.Machine.Json;

namespace Doppel.Machine.Snapshots;

/// <summary>Reads and writes manifests. What is read is not trusted: it comes out whole and without contradictions, or not at all.</summary>
internal static class ManifestFile
{
    private const int MaxLength = 64 << 20;
    private const int HashLine = 65;

    /// <summary>More than any machine has mapped, and few enough for a process that has many machines.</summary>
    private const int MaxRegionExtents = 4096;
    private const int MaxParts = 1000;
    private const long MaxDisk = 1L << 56;

    /// <summary>On stable storage when it returns, or not there at all.</summary>
    public static void Write(string path, SnapshotManifest manifest) => AtomicFile.Write(path, ToBytes(manifest));

    /// <summary>The content of the file.</summary>
    public static byte[] ToBytes(SnapshotManifest manifest)
    {
        byte[] json = StrictJson.WriteLine(manifest, ManifestJson.Write);
        return [.. json, (byte)'\n', .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json))), (byte)'\n'];
    }

    /// <exception cref="DoppelException">It is damaged, of a later version, or may not be read.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static SnapshotManifest Read(string path)
    {
        try
        {
            SnapshotManifest manifest = Parse(ReadAll(path));
            if (manifest.Format != SnapshotManifest.CurrentFormat)
                throw new DoppelException(ErrorKind.Corrupt, $"{path}: format {manifest.Format} is not known here", "use the version of Doppel that made it");
            Check(manifest);
            return manifest;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or NotSupportedException or OverflowException)
        {
            throw Damaged(path, exception.Message, exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, $"{path} may not be read", "check its permissions", exception);
        }
    }

    /// <summary>The pieces of a region.</summary>
    public static IReadOnlyList<(PageRun Run, Guid Layer)> Pieces(SnapshotManifest manifest, ManifestRegion region) =>
        [.. Triples(region.Extents, manifest.Layers).Select(e => (new PageRun((ulong)e.Start * SnapshotManifest.PageSize, (ulong)e.Count * SnapshotManifest.PageSize), e.Layer))];

    /// <summary>The map of a disk.</summary>
    public static DiskMap Map(SnapshotManifest manifest, ManifestDisk disk) => new(Triples(disk.Extents, manifest.Layers).Select(e => new DiskExtent(e.Start, e.Count, e.Layer)));

    /// <summary>An error that names a file of the store.</summary>
    public static DoppelException Damaged(string path, string what, Exception? inner = null) =>
        new(ErrorKind.Corrupt, $"{path} is damaged: {what.TrimEnd('.').ReplaceLineEndings(" ")}", "use another snapshot; doppel snapshot check looks at all of them", inner);

    private static byte[] ReadAll(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaxLength) throw new JsonException("it is too long");
        byte[] content = new byte[file.Length];
        return content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
    }

    private static SnapshotManifest Parse(ReadOnlyMemory<byte> content)
    {
        if (content.Length <= HashLine || content.Span[^(HashLine + 1)] != (byte)'\n') throw new JsonException("it is truncated");
        ReadOnlyMemory<byte> json = content[..^(HashLine + 1)];
        Span<byte> line = stackalloc byte[HashLine];
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(json.Span)) + "\n", line);
        if (!content.Span[^HashLine..].SequenceEqual(line)) throw new JsonException("its checksum is wrong");
        return StrictJson.Read(json, ManifestJson.Read);
    }

    /// <summary>The checksum keeps accidents out; this keeps out what somebody has made up.</summary>
    private static void Check(SnapshotManifest manifest)
    {
        if (!SnapshotName.IsValid(manifest.Name) || !SnapshotName.IsComment(manifest.Comment)) throw new JsonException("its name or its comment is none");
        if (manifest.Layers.Distinct().Count() != manifest.Layers.Count) throw new JsonException("a layer is named twice");
        VmConfig config = manifest.Config;
        if (manifest.Disks.Count != config.Disks.Count) throw new JsonException("it has not the disks of its configuration");
        var problems = new ConfigProblems();
        VmConfigValidator.CheckSettings(config, problems);
        if (problems.All.FirstOrDefault(p => p.Kind == ErrorKind.Usage) is { } problem) throw new JsonException($"its configuration cannot work: {problem}");
        foreach (ManifestDisk disk in manifest.Disks.OfType<ManifestDisk>())
        {
            if (disk.Length is <= 0 or > MaxDisk || Map(manifest, disk).Count != DiskMap.Clusters(disk.Length)) throw new JsonException("a disk's extents do not cover it");
        }

        if (manifest.State is not { } state) return;
        if (state.Parts.Count > MaxParts || state.Parts.Any(p => p.Name.Any(char.IsControl)) || state.Parts.Select(p => p.Name).Distinct().Count() != state.Parts.Count) throw new JsonException("its parts are wrong");
        if (state.Regions.Count == 0 || state.Regions.Select(r => r.Name).Distinct().Count() != state.Regions.Count) throw new JsonException("its regions are wrong");
        foreach (ManifestRegion region in state.Regions)
        {
            if (region.Length is 0 or > VmConfigValidator.MaxMemoryBytes || region.Length % SnapshotManifest.PageSize != 0 || region.Extents.Count > 3 * MaxRegionExtents) throw new JsonException("a region's length is wrong");
            ulong end = 0;
            foreach ((PageRun run, Guid layer) in Pieces(manifest, region))
            {
                if (run.Offset != end || run.Length == 0 || run.Length > region.Length - end || layer == Guid.Empty) throw new JsonException("a region's extents do not cover it");
                end += run.Length;
            }

            if (end != region.Length) throw new JsonException("a region's extents do not cover it");
        }
    }

    private static IEnumerable<(long Start, long Count, Guid Layer)> Triples(IReadOnlyList<long> extents, IReadOnlyList<Guid> layers)
    {
        const long Max = long.MaxValue / (64 << 10);
        if (extents.Count % 3 != 0) throw new JsonException("its extents are incomplete");
        for (int i = 0; i < extents.Count; i += 3)
        {
            if (extents[i] is < 0 or > Max || extents[i + 1] is < 1 or > Max || extents[i + 2] < 0 || extents[i + 2] >= layers.Count) throw new JsonException("an extent is nowhere");
            yield return (extents[i], extents[i + 1], layers[(int)extents[i + 2]]);
        }
    }
}
