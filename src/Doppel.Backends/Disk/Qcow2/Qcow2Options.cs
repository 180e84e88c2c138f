namespace Doppel.Backends.Disk.Qcow2;

/// <summary>How a new image is laid out.</summary>
public sealed record Qcow2Options
{
    /// <summary>Bytes: a power of two from 512 to 2 MiB; at least 16 KiB with subclusters.</summary>
    public int ClusterSize { get; init; } = 65536;

    /// <summary>3, or 2 for programs from before 2012.</summary>
    public int Version { get; init; } = 3;

    /// <summary>Bits of a reference count: a power of two from 1 to 64.</summary>
    public int RefcountBits { get; init; } = 16;

    /// <summary>Reference counts are written when the image is closed; a crash makes the next opening repair them.</summary>
    public bool LazyRefcounts { get; init; }

    /// <summary>Each cluster consists of 32 parts that are allocated by themselves: less to copy when small pieces are written onto a layer below.</summary>
    public bool Subclusters { get; init; }

    /// <summary>How clusters are compressed when they are; version 2 knows zlib only.</summary>
    public Qcow2CompressionType Compression { get; init; }

    /// <summary>The layer below, as the image is to name it: relative to the image's folder, or absolute.</summary>
    public string? BackingName { get; init; }

    public DiskFormat BackingFormat { get; init; } = DiskFormat.Qcow2;
}
