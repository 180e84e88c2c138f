using Doppel.Core.Errors;

namespace Doppel.Machine.Snapshots;

/// <summary>A stored snapshot, as it is listed.</summary>
public sealed record SnapshotInfo
{
    /// <summary>Its own for good.</summary>
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public string? Comment { get; init; }

    /// <summary>The name of the snapshot on which the machine's state was built when it was taken; null if none, or if that is gone.</summary>
    public string? Parent { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Whether the machine was switched on: RAM, processors and devices are in it, not only the disks.</summary>
    public required bool IsLive { get; init; }

    /// <summary>Whether the machine's present state is built on it.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Bytes of files that it needs, and its parent does not.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>What the machine was made from.</summary>
    public required VmConfig Config { get; init; }
}

/// <summary>The snapshots of a store.</summary>
/// <param name="Problems">One for each that cannot be read.</param>
public sealed record SnapshotListing(IReadOnlyList<SnapshotInfo> Snapshots, IReadOnlyList<DoppelException> Problems);
