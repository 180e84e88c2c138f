using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>Images in memory.</summary>
internal static class TestImage
{
    public static MemoryStore Create(long size = 4 << 20, int clusterSize = 4096, int refcountBits = 16, bool subclusters = false, bool lazy = false, int version = 3, bool zstd = false)
    {
        var store = new MemoryStore();
        Qcow2Creator.Create(store, size, new Qcow2Options { ClusterSize = clusterSize, RefcountBits = refcountBits, Subclusters = subclusters, LazyRefcounts = lazy, Version = version, Compression = zstd ? Qcow2CompressionType.Zstd : Qcow2CompressionType.Zlib });
        return store;
    }

    /// <summary>Data, zeroes, compressed clusters, holes and a snapshot.</summary>
    public static MemoryStore Filled(int clusterSize, bool subclusters = false, int version = 3, bool lazy = false, bool zstd = false)
    {
        MemoryStore store = Create(64 * clusterSize, clusterSize, 16, subclusters, lazy, version, zstd);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        var random = new Random(7);
        byte[] data = new byte[clusterSize * 3];
        random.NextBytes(data);
        disk.Write(512, data);
        disk.Write(20 * clusterSize, data);
        new Qcow2Snapshots(disk.Image).Create("first", DateTimeOffset.UnixEpoch);
        disk.Write(21 * clusterSize, data.AsSpan(0, 512));
        disk.WriteZeroes(clusterSize, clusterSize, false, CancellationToken.None);
        var compression = new Qcow2Compression(disk.Image);
        for (int i = 40; i < 48; i++)
        {
            byte[] text = new byte[clusterSize];
            for (int j = 0; j < text.Length; j++) text[j] = (byte)(j % 13 + i);
            compression.Write(i * clusterSize, compression.Compress(text)!);
        }

        disk.Close();
        return store;
    }

    public static Qcow2CheckResult Check(MemoryStore store)
    {
        var checker = new Qcow2Checker(store, Qcow2HeaderReader.Read(store, forCheck: true));
        checker.Run();
        return checker.Result;
    }
}
