using System.Buffers.Binary;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>The compression type of an image: written as the format wants it, and kept by everything that writes headers.</summary>
public sealed class CompressionTypeTests
{
    private const int Cluster = 4096;

    [Fact]
    public void New_image_says_that_it_is_zstd()
    {
        MemoryStore store = TestImage.Create(zstd: true);
        AssertSaysZstd(store);
        Assert.NotEqual(-1, store.Bytes.AsSpan(112, Cluster).IndexOf("compression type"u8));
        Assert.Equal(Qcow2CompressionType.Zstd, Qcow2HeaderReader.Read(store).CompressionType);
    }

    [Fact]
    public void New_image_says_nothing_of_zlib()
    {
        MemoryStore store = TestImage.Create();
        Assert.Equal(0, store.Bytes[79]);
        Assert.Equal(0, store.Bytes[104]);
        Assert.Equal(Qcow2CompressionType.Zlib, Qcow2HeaderReader.Read(store).CompressionType);
    }

    [Fact]
    public void Version_2_has_no_zstd() =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => TestImage.Create(version: 2, zstd: true)).Kind);

    [Fact]
    public void Whatever_writes_the_header_keeps_the_type()
    {
        MemoryStore store = TestImage.Create(zstd: true, lazy: true);
        byte[] text = [.. Enumerable.Range(0, Cluster).Select(i => (byte)(i / 50))];
        Step(disk =>
        {
            var compression = new Qcow2Compression(disk.Image);
            Assert.True(compression.Write(0, compression.Compress(text)!));
        });
        Assert.Equal(1, TestImage.Check(store).CompressedClusters);
        Step(disk => disk.Write(2 * Cluster, text));
        Step(disk => disk.Rename("below.raw", DiskFormat.Raw));
        Step(disk => disk.Resize(8 << 20));
        Step(disk => new Qcow2Snapshots(disk.Image).Create("first", DateTimeOffset.UnixEpoch));
        Step(disk => disk.Write(Cluster, text));
        Step(disk => new Qcow2Snapshots(disk.Image).Apply("first"));
        Step(disk => new Qcow2Snapshots(disk.Image).Delete("first"));
        Step(disk => disk.Rename(null, DiskFormat.Raw));

        // Dirty, as a crash leaves it: the next to open it makes the counts anew.
        store.Bytes[79] |= 1;
        Step(_ => { });
        Assert.Equal(8, store.Bytes[79]);

        // With bitmaps that no longer count, a repair writes the whole header.
        Qcow2Header header = Qcow2HeaderReader.Read(store);
        store.Write(0, Qcow2HeaderWriter.ToCluster(header.With(Qcow2Extension.Bitmaps, new byte[24]) with { Incompatible = header.Incompatible | IncompatibleFeature.Dirty }, store.Path));
        Step(_ => { });
        Assert.DoesNotContain(Qcow2HeaderReader.Read(store).Extensions, e => e.Type == Qcow2Extension.Bitmaps);
        Step(disk => disk.Write(0, text.AsSpan(0, 512)));
        Assert.True(TestImage.Check(store).IsClean);
        Step(disk => disk.Empty(), reads: false);

        void Step(Action<Qcow2Disk> work, bool reads = true)
        {
            Qcow2Disk disk = Qcow2Disk.Open(store);
            work(disk);
            byte[] back = new byte[Cluster];
            disk.Read(0, back);
            if (reads) Assert.Equal(text, back);
            disk.Close();
            AssertSaysZstd(store);
        }
    }

    private static void AssertSaysZstd(MemoryStore store)
    {
        Assert.Equal(8, store.Bytes[79] & 8);
        Assert.Equal(112u, BinaryPrimitives.ReadUInt32BigEndian(store.Bytes.AsSpan(100)));
        Assert.Equal(1, store.Bytes[104]);
    }
}
