using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Backends.Disk;

public sealed class SnapshotDiskTests
{
    private const int Cluster = 64 << 10;

    [Fact]
    public async Task Kept_content_staysWhatItWas_andTheDiskGoesOn()
    {
        var disk = new MemoryDisk(4 * Cluster);
        await using var live = new SnapshotDisk(disk);
        await live.WriteAsync(512, Bytes(512, 1));
        using FrozenDisk kept = live.Freeze();
        await live.WriteAsync(512, Bytes(512, 2));
        await live.WriteZeroesAsync(0, 512, true);

        Assert.Equal(1, await ByteAsync(kept, 512));
        Assert.Equal(2, await ByteAsync(disk, 512));
    }

    [Fact]
    public async Task Restore_flushes_onlyIfThereIsSomethingToFlush()
    {
        var disk = new FlushedDisk(new MemoryDisk(4 * Cluster));
        await using var live = new SnapshotDisk(disk);
        using FrozenDisk kept = live.Freeze();
        await live.RestoreAsync(kept);
        Assert.Equal(0, disk.Flushes);

        await live.WriteAsync(512, Bytes(512, 2));
        await live.RestoreAsync(kept);
        Assert.Equal((1, (byte)0), (disk.Flushes, await ByteAsync(disk, 512)));
    }

    [Fact]
    public async Task Scratch_disk_overAnother_leavesItAsItIs_andClosesIt()
    {
        var below = new ClosingDisk(Cluster);
        ScratchDisk scratch = ScratchDisk.Over(below);
        await scratch.WriteAsync(512, Bytes(512, 7));
        Assert.Equal(7, await ByteAsync(scratch, 512));
        Assert.Equal(0, await ByteAsync(below, 512));
        await scratch.DisposeAsync();
        Assert.True(below.Closed);
    }

    [Fact]
    public async Task Disk_staysOpen_aslongAsAMomentOfItIsKept()
    {
        var disk = new ClosingDisk(Cluster);
        var live = new SnapshotDisk(disk);
        FrozenDisk kept = live.Freeze();
        var copy = new ScratchDisk(kept);
        await live.DisposeAsync();
        kept.Dispose();
        Assert.False(disk.Closed);
        Assert.Equal(0, await ByteAsync(copy, 0));

        await copy.DisposeAsync();
        Assert.True(disk.Closed);
    }

    [Fact]
    public async Task Content_ofAnotherDisk_isRefused_butNotByAScratchDisk()
    {
        await using var one = new SnapshotDisk(new MemoryDisk(Cluster));
        await using var other = new SnapshotDisk(new MemoryDisk(Cluster));
        await using var longer = new SnapshotDisk(new MemoryDisk(2 * Cluster));
        using FrozenDisk kept = one.Freeze();
        using FrozenDisk keptLonger = longer.Freeze();
        await using var copy = new SnapshotDisk(new ScratchDisk(kept));

        Assert.True(one.CanRestore(kept) && copy.CanRestore(kept));
        Assert.False(other.CanRestore(kept) || copy.CanRestore(keptLonger));
        await Assert.ThrowsAsync<ArgumentException>(() => other.RestoreAsync(kept));
    }

    [Fact]
    public async Task Calls_beyondTheEnd_fail()
    {
        await using var live = new SnapshotDisk(new MemoryDisk(Cluster + 512));
        using FrozenDisk kept = live.Freeze();
        await using var copy = new ScratchDisk(kept);
        foreach (IBlockBackend disk in (IBlockBackend[])[live, copy])
        {
            await Assert.ThrowsAsync<IOException>(() => disk.WriteAsync(Cluster, Bytes(1024, 1)).AsTask());
            await Assert.ThrowsAsync<IOException>(() => disk.ReadAsync(Cluster + 512, new byte[512]).AsTask());
            await Assert.ThrowsAsync<IOException>(() => disk.WriteAsync(100, Bytes(512, 1)).AsTask());
            await disk.WriteAsync(Cluster, Bytes(512, 7));
            Assert.Equal(7, await ByteAsync(disk, Cluster));
        }

        Assert.Equal(0, await ByteAsync(kept, Cluster));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_writesCopiesAndRestores_equalTheModel(int seed)
    {
        const int Length = 5 * Cluster + 1536;
        var random = new Random(seed);
        var disks = new List<(SnapshotDisk Disk, byte[] Model)> { (new SnapshotDisk(new MemoryDisk(Length)), new byte[Length]) };
        var kept = new List<(FrozenDisk Content, byte[] Model)>();
        for (int step = 0; step < 300; step++)
        {
            (SnapshotDisk disk, byte[] model) = disks[random.Next(disks.Count)];
            switch (random.Next(20))
            {
                case 0:
                    kept.Add((disk.Freeze(), [.. model]));
                    break;
                case 1 when kept.Count > 0:
                    (FrozenDisk content, byte[] copied) = kept[random.Next(kept.Count)];
                    disks.Add((new SnapshotDisk(new ScratchDisk(content)), [.. copied]));
                    break;
                case 2 when kept.Count > 0:
                    (FrozenDisk target, byte[] wanted) = kept[random.Next(kept.Count)];
                    if (!disk.CanRestore(target)) break;
                    await disk.RestoreAsync(target);
                    wanted.CopyTo(model, 0);
                    break;
                case 3 when kept.Count > 2:
                    int gone = random.Next(kept.Count);
                    kept[gone].Content.Dispose();
                    kept.RemoveAt(gone);
                    break;
                case 4 when disks.Count > 2:
                    int closed = random.Next(disks.Count);
                    await disks[closed].Disk.DisposeAsync();
                    disks.RemoveAt(closed);
                    break;
                case 5:
                    (int zeroAt, int zeroes) = Range();
                    await disk.WriteZeroesAsync(zeroAt, zeroes, mayUnmap: random.Next(2) == 0);
                    model.AsSpan(zeroAt, zeroes).Clear();
                    break;
                default:
                    (int offset, int length) = Range();
                    byte[] data = new byte[length];
                    random.NextBytes(data);
                    await disk.WriteAsync(offset, data);
                    data.CopyTo(model, offset);
                    break;
            }
        }

        foreach ((SnapshotDisk disk, byte[] model) in disks)
        {
            byte[] content = new byte[Length];
            await disk.ReadAsync(0, content);
            Assert.Equal(model, content);
            await disk.DisposeAsync();
        }

        // What was kept can be read also after all disks are closed.
        foreach ((FrozenDisk frozen, byte[] model) in kept)
        {
            byte[] content = new byte[Length];
            await frozen.ReadAsync(0, content);
            Assert.Equal(model, content);
            frozen.Dispose();
        }

        (int Offset, int Length) Range()
        {
            int blocks = Length / 512;
            int first = random.Next(blocks);
            return (first * 512, Math.Min(blocks - first, random.Next(1, random.Next(2) == 0 ? 4 : 300)) * 512);
        }
    }

    /// <summary>Writers and a reader of what was kept at the same time: the reader never sees what came later.</summary>
    [Fact]
    public async Task Kept_content_canBeRead_whileTheDiskIsWritten()
    {
        await using var live = new SnapshotDisk(new MemoryDisk(16 * Cluster));
        for (int round = 0; round < 20; round++)
        {
            await live.WriteAsync(0, Bytes(16 * Cluster, (byte)round));
            using FrozenDisk kept = live.Freeze();
            Task[] writers = [.. Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
            {
                for (int i = 0; i < 64; i++) await live.WriteAsync((i * 4 + w) * 2048L, Bytes(2048, 255));
            }))];
            byte[] content = new byte[16 * Cluster];
            await kept.ReadAsync(0, content);
            await Task.WhenAll(writers);
            Assert.False(content.AsSpan().ContainsAnyExcept((byte)round));
        }
    }

    private static byte[] Bytes(int length, byte value)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static async Task<byte> ByteAsync(IBlockBackend disk, long offset)
    {
        byte[] block = new byte[512];
        await disk.ReadAsync(offset, block);
        return block[100];
    }

    private static async Task<byte> ByteAsync(FrozenDisk disk, long offset)
    {
        byte[] block = new byte[512];
        await disk.ReadAsync(offset, block);
        return block[100];
    }

    /// <summary>A disk, and how often it was flushed.</summary>
    private sealed class FlushedDisk(MemoryDisk disk) : IBlockBackend
    {
        public int Flushes { get; private set; }

        public long Length => disk.Length;

        public bool ReadOnly => false;

        public int BlockSize => disk.BlockSize;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default) => disk.ReadAsync(offset, buffer, cancel);

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) => disk.WriteAsync(offset, data, cancel);

        public ValueTask FlushAsync(CancellationToken cancel = default)
        {
            Flushes++;
            return ValueTask.CompletedTask;
        }

        public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => disk.DiscardAsync(offset, length, cancel);

        public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) => disk.WriteZeroesAsync(offset, length, mayUnmap, cancel);

        public ValueTask DisposeAsync() => disk.DisposeAsync();
    }

    /// <summary>Zeroes, and whether they are still open.</summary>
    private sealed class ClosingDisk(long length) : IBlockBackend
    {
        public bool Closed { get; private set; }

        public long Length => length;

        public bool ReadOnly => false;

        public int BlockSize => 512;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
        {
            ObjectDisposedException.ThrowIf(Closed, this);
            buffer.Span.Clear();
            return ValueTask.CompletedTask;
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) => throw new IOException("read-only");

        public ValueTask FlushAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;

        public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => throw new IOException("read-only");

        public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) => throw new IOException("read-only");

        public ValueTask DisposeAsync()
        {
            Closed = true;
            return ValueTask.CompletedTask;
        }
    }
}
