using System.Numerics;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Writes new, empty images.</summary>
internal static class Qcow2Creator
{
    /// <param name="store">An empty file.</param>
    /// <param name="size">Of the disk, in bytes.</param>
    /// <exception cref="DoppelException">The options contradict themselves or the format.</exception>
    public static void Create(ImageStore store, long size, Qcow2Options options)
    {
        Check(options, size);
        Qcow2Header header = Header(options) with { Size = size };
        if (8 * header.L1EntriesFor(size) > Qcow2Header.MaxL1Bytes) throw Usage($"{size} bytes are too large for clusters of {options.ClusterSize} bytes", "larger clusters");
        header = header with { L1Size = (int)Math.Max(1, header.L1EntriesFor(size)), L1Offset = header.ClusterSize };
        if (options.BackingName is { } name)
            header = header.With(Qcow2Extension.BackingFormat, Encoding.ASCII.GetBytes(DiskFormats.Name(options.BackingFormat))) with { BackingName = name };

        long l1Clusters = (8L * header.L1Size + header.ClusterSize - 1) >> header.ClusterBits;
        header = RefcountBuilder.Write(store, header, 1 + l1Clusters, _ => 1);
        store.Write(header.L1Offset, new byte[l1Clusters << header.ClusterBits]);
        store.Write(0, Qcow2HeaderWriter.ToCluster(header, store.Path));
        store.Flush();
    }

    private static Qcow2Header Header(Qcow2Options options) => new()
    {
        Version = options.Version,
        ClusterBits = BitOperations.Log2((uint)options.ClusterSize),
        RefcountOrder = BitOperations.Log2((uint)options.RefcountBits),
        HeaderLength = options.Version == 2 ? Qcow2Header.Version2Length : Qcow2Header.FullLength,
        Incompatible = (options.Subclusters ? IncompatibleFeature.ExtendedL2 : 0) | (options.Compression == Qcow2CompressionType.Zlib ? 0 : IncompatibleFeature.CompressionType),
        Compatible = options.LazyRefcounts ? CompatibleFeature.LazyRefcounts : 0,
        Extensions = options.Version == 2 ? [] : [Qcow2HeaderWriter.FeatureNames],
    };

    private static void Check(Qcow2Options options, long size)
    {
        if (size <= 0 || size % DiskRange.BlockSize != 0) throw Usage($"{size} bytes are no size for a disk: it has whole sectors of {DiskRange.BlockSize} bytes", "1G");
        if (options.Version is not (2 or 3)) throw Usage($"there is no version {options.Version} of qcow2", "version 3");
        if (!BitOperations.IsPow2(options.ClusterSize) || options.ClusterSize is < 1 << Qcow2Header.MinClusterBits or > 1 << Qcow2Header.MaxClusterBits)
            throw Usage($"clusters of {options.ClusterSize} bytes are not possible", "a power of two from 512 to 2M");
        if (!BitOperations.IsPow2(options.RefcountBits) || options.RefcountBits is < 1 or > 64) throw Usage($"reference counts of {options.RefcountBits} bits are not possible", "1, 2, 4, 8, 16, 32 or 64");
        if (options.Version == 2 && (options.RefcountBits != 16 || options.LazyRefcounts || options.Subclusters || options.Compression != Qcow2CompressionType.Zlib))
            throw Usage("version 2 has reference counts of 16 bits, none of them lazy, no subclusters, and no compression but zlib", "version 3");
        if (options.Subclusters && options.ClusterSize < 1 << Qcow2Header.MinClusterBitsExtended) throw Usage("subclusters need clusters of at least 16 KiB", "clusters of 128K");
        if (options.BackingName is { } name && (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > Qcow2Header.MaxBackingName)) throw Usage("the name of the backing file is too long", "a relative name");
    }

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);
}
