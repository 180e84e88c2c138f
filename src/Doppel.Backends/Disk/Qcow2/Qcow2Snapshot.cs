namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A state of the disk that the image keeps beside the present one.</summary>
internal sealed record Qcow2Snapshot
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required long L1Offset { get; init; }

    public required int L1Size { get; init; }

    public DateTimeOffset Taken { get; init; }

    /// <summary>How long the guest had run, in nanoseconds.</summary>
    public ulong GuestTime { get; init; }

    /// <summary>Bytes of machine state behind the disk.</summary>
    public ulong StateSize { get; init; }

    /// <summary>Size of the disk in bytes; 0 if the image does not say.</summary>
    public ulong DiskSize { get; init; }

    /// <summary>Extra data behind what we know.</summary>
    public byte[] Unknown { get; init; } = [];
}
