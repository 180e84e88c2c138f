using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>How an image is laid out, chosen by a seed.</summary>
internal sealed record ImageShape(int ClusterBits, int RefcountBits, bool Subclusters, bool Lazy, int Version, bool MadeByQemu, bool Zstd = false)
{
    public static ImageShape Random(Random random)
    {
        bool old = random.Next(8) == 0;
        bool subclusters = !old && random.Next(3) == 0;
        return new ImageShape(random.Next(subclusters ? 14 : 9, random.Next(4) == 0 ? 22 : 17), old ? 16 : 1 << random.Next(7), subclusters, !old && random.Next(4) == 0, old ? 2 : 3, random.Next(2) == 0, !old && random.Next(3) == 0);
    }

    public void Create(string path, long size, string? backing = null, string backingFormat = "qcow2")
    {
        if (MadeByQemu)
        {
            string options = $"cluster_size={1 << ClusterBits},compat={(Version == 2 ? "0.10" : "1.1")}";
            if (Version == 3) options += $",refcount_bits={RefcountBits},lazy_refcounts={(Lazy ? "on" : "off")},extended_l2={(Subclusters ? "on" : "off")},compression_type={(Zstd ? "zstd" : "zlib")}";
            QemuImg.Run("qemu-img", ["create", "-q", "-f", "qcow2", "-o", options, .. backing is null ? Array.Empty<string>() : ["-b", backing, "-F", backingFormat], path, $"{size}"]);
            return;
        }

        Doppel.Backends.Disk.DiskImage.CreateQcow2(path, size, new Qcow2Options
        {
            ClusterSize = 1 << ClusterBits, RefcountBits = RefcountBits, Subclusters = Subclusters, LazyRefcounts = Lazy, Version = Version,
            Compression = Zstd ? Qcow2CompressionType.Zstd : Qcow2CompressionType.Zlib,
            BackingName = backing, BackingFormat = backingFormat == "raw" ? Doppel.Backends.Disk.DiskFormat.Raw : Doppel.Backends.Disk.DiskFormat.Qcow2,
        });
    }
}
