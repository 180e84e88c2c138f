// Implements: the manifest of a stored snapshot, version 1: docs/snapshots.md, "The store".
namespace Doppel.Machine.Snapshots;

/// <summary>All of a stored snapshot but for the bytes of RAM and disks, which lie in layers.</summary>
/// <param name="Format">Version of this record.</param>
/// <param name="Id">Its own for good, whatever it is called.</param>
/// <param name="Parent">The snapshot on which the machine's state was built; null if none, or if it is gone.</param>
/// <param name="Config">What the machine was made from.</param>
/// <param name="Layers">The layers that extents refer to, by index. <see cref="Guid.Empty"/> is one of zeroes, without a file.</param>
/// <param name="State">RAM, processors and devices; null if the machine was switched off.</param>
/// <param name="Disks">In the order of the configuration; null for those that cannot be written.</param>
internal sealed record SnapshotManifest(
    int Format, Guid Id, string Name, string? Comment, Guid? Parent, DateTimeOffset Created, VmConfig Config, IReadOnlyList<Guid> Layers, ManifestState? State, IReadOnlyList<ManifestDisk?> Disks)
{
    public const int CurrentFormat = 1;

    /// <summary>Bytes in a unit of the extents of RAM.</summary>
    public const ulong PageSize = 4096;
}

/// <summary>A machine that was switched on.</summary>
/// <param name="DeviceTree">As the guest got it.</param>
internal sealed record ManifestState(ReadOnlyMemory<byte> DeviceTree, IReadOnlyList<ManifestPart> Parts, IReadOnlyList<ManifestRegion> Regions);

/// <summary>The tagged fields of a part.</summary>
internal sealed record ManifestPart(string Name, byte[] State);

/// <summary>A region of RAM.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Extents">Three numbers for each, in order, without gaps: first page, how many, index of the layer. A page has 4 KiB.</param>
internal sealed record ManifestRegion(string Name, ulong Length, IReadOnlyList<long> Extents);

/// <summary>A disk.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Extents">As of a region, in clusters of 64 KiB.</param>
internal sealed record ManifestDisk(long Length, IReadOnlyList<long> Extents);
