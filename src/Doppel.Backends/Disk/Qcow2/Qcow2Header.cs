// QEMU, docs/interop/qcow2: "Header", "Header extensions", "Feature name table".
using System.Text;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>The first cluster of an image, checked.</summary>
internal sealed record Qcow2Header
{
    public const uint Magic = 0x514649fb;
    public const int MinClusterBits = 9;
    public const int MaxClusterBits = 21;
    public const int MinClusterBitsExtended = 14;
    public const int Version2Length = 72;
    public const int Version3Length = 104;

    /// <summary>As ours: with the field <c>compression_type</c> and its padding.</summary>
    public const int FullLength = 112;

    /// <summary>The field <c>compression_type</c>, one byte; headers of version 3 that are shorter than it have none.</summary>
    public const int CompressionTypeOffset = 104;
    public const int MaxBackingName = 1023;

    /// <summary>Bytes; QEMU has the same limit.</summary>
    public const long MaxL1Bytes = 32 << 20;

    /// <summary>Bytes; QEMU has the same limit.</summary>
    public const long MaxRefcountTableBytes = 8 << 20;
    public const int MaxSnapshots = 65536;

    public int Version { get; init; } = 3;

    public int ClusterBits { get; init; } = 16;

    /// <summary>Size of the disk in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Entries of the active L1 table.</summary>
    public int L1Size { get; init; }

    public long L1Offset { get; init; }

    public long RefcountTableOffset { get; init; }

    public int RefcountTableClusters { get; init; }

    public int SnapshotCount { get; init; }

    public long SnapshotsOffset { get; init; }

    public IncompatibleFeature Incompatible { get; init; }

    public CompatibleFeature Compatible { get; init; }

    public AutoclearFeature Autoclear { get; init; }

    /// <summary>Logarithm of the bits of a reference count.</summary>
    public int RefcountOrder { get; init; } = 4;

    public int HeaderLength { get; init; } = FullLength;

    /// <summary>The image below, as the header writes it.</summary>
    public string? BackingName { get; init; }

    /// <summary>The header extensions in their order, the end mark left out.</summary>
    public IReadOnlyList<Qcow2Extension> Extensions { get; init; } = [];

    /// <summary>What is between the fields that we know and <see cref="HeaderLength"/>.</summary>
    public byte[] UnknownFields { get; init; } = [];

    public int ClusterSize => 1 << ClusterBits;

    public bool ExtendedL2 => Incompatible.HasFlag(IncompatibleFeature.ExtendedL2);

    /// <summary>Entries of an L2 table.</summary>
    public int L2Entries => ClusterSize / (ExtendedL2 ? 16 : 8);

    /// <summary>Bytes that one entry of the L1 table stands for.</summary>
    public long BytesPerL2 => (long)L2Entries << ClusterBits;

    public Qcow2CompressionType CompressionType => Incompatible.HasFlag(IncompatibleFeature.CompressionType) ? Qcow2CompressionType.Zstd : Qcow2CompressionType.Zlib;

    public int RefcountBits => 1 << RefcountOrder;

    public bool LazyRefcounts => Compatible.HasFlag(CompatibleFeature.LazyRefcounts);

    /// <summary>The format of the image below by its extension; null if there is none.</summary>
    public string? BackingFormat => Extensions.FirstOrDefault(e => e.Type == Qcow2Extension.BackingFormat) is { } e ? Encoding.UTF8.GetString(e.Data) : null;

    /// <summary>Entries that an L1 table needs for a disk of this size.</summary>
    public long L1EntriesFor(long size) => (size + BytesPerL2 - 1) / BytesPerL2;

    /// <summary>The header with another extension of that type, or without one.</summary>
    public Qcow2Header With(uint type, byte[]? data)
    {
        List<Qcow2Extension> others = [.. Extensions.Where(e => e.Type != type)];
        if (data is not null) others.Insert(0, new Qcow2Extension(type, data));
        return this with { Extensions = others };
    }
}
