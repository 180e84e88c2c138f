using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;
using Doppel.Machine;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Disks in stored snapshots.</summary>
public sealed class SnapshotStoreDiskTests : IDisposable
{
    private const int Cluster = 64 << 10;
    private const int Length = (20 * Cluster) + 1024;
    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly SnapshotStore _store;

    public SnapshotStoreDiskTests() => _store = new SnapshotStore(Path.Combine(_folder.Path, "snapshots"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Contents_areWhatTheyWere_whateverHappensInBetween(int seed)
    {
        var random = new Random(seed);
        byte[] model = new byte[Length];
        var stored = new List<(string Name, byte[] Content)>();
        var memory = new MemoryDisk(Length);
        var disk = new SnapshotDisk(new KeptOpen(memory));
        for (int step = 0; step < 120; step++)
        {
            switch (random.Next(stored.Count > 0 ? 8 : 4))
            {
                case 0:
                    string name = $"s{step}";
                    await SaveAsync(disk, name);
                    stored.Add((name, [.. model]));
                    break;
                case 4:
                    (string back, byte[] content) = stored[random.Next(stored.Count)];
                    using (VmSnapshot snapshot = _store.Load(back)) await disk.RestoreAsync(snapshot.Disks[0]!);
                    content.CopyTo(model, 0);
                    break;
                case 5 when random.Next(3) == 0:
                    // Another process: nothing is known of what was written when.
                    await disk.DisposeAsync();
                    disk = new SnapshotDisk(new KeptOpen(memory));
                    break;
                case 6 when random.Next(3) == 0:
                    int gone = random.Next(stored.Count);
                    await _store.RemoveAsync(stored[gone].Name);
                    stored.RemoveAt(gone);
                    break;
                default:
                    int offset = random.Next(Length / 512) * 512;
                    int length = Math.Min(Length - offset, random.Next(1, 300) * 512);
                    byte[] data = new byte[length];
                    if (random.Next(3) > 0) random.NextBytes(data);
                    if (random.Next(2) == 0 || data.AsSpan().ContainsAnyExcept((byte)0)) await disk.WriteAsync(offset, data);
                    else await disk.WriteZeroesAsync(offset, length, mayUnmap: true);
                    data.CopyTo(model, offset);
                    break;
            }

            byte[] now = new byte[Length];
            await disk.ReadAsync(0, now);
            Assert.Equal(model, now);
        }

        foreach ((string name, byte[] content) in stored)
        {
            using VmSnapshot snapshot = _store.Load(name);
            byte[] then = new byte[Length];
            await snapshot.Disks[0]!.ReadAsync(0, then);
            Assert.Equal(content, then);
            await using var copy = new ScratchDisk(snapshot.Disks[0]!);
            await copy.ReadAsync(0, then);
            Assert.Equal(content, then);
        }

        await disk.DisposeAsync();
        await _store.CheckAsync([]);
    }

    [Fact]
    public async Task Clusters_thatDidNotChange_areNotWrittenAgain_evenByAnotherProcess()
    {
        byte[] noise = new byte[Length];
        new Random(5).NextBytes(noise);
        var memory = new MemoryDisk(Length);
        var disk = new SnapshotDisk(new KeptOpen(memory));
        await disk.WriteAsync(0, noise);
        Assert.Equal(Length, (await SaveAsync(disk, "all")).StoredBytes);
        Assert.Equal(0, (await SaveAsync(disk, "none")).StoredBytes);
        await disk.WriteAsync(3 * Cluster, noise.AsMemory(0, 512));
        Assert.Equal(Cluster, (await SaveAsync(disk, "one")).StoredBytes);

        // Written, but with what is there already: known only by comparing.
        disk = new SnapshotDisk(new KeptOpen(memory));
        await disk.WriteAsync(Cluster, noise.AsMemory(Cluster, Cluster));
        Assert.Equal(0, (await SaveAsync(disk, "again")).StoredBytes);
        await disk.WriteZeroesAsync(0, Cluster, true);
        Assert.Equal(0, (await SaveAsync(disk, "zeroes")).StoredBytes);
    }

    private async Task<SnapshotInfo> SaveAsync(SnapshotDisk disk, string name)
    {
        using VmSnapshot snapshot = VmSnapshot.OfDisks(_programs.BareMetal(Programs.Sleeping) with { Disks = [new DiskConfig("disk.raw")] }, [disk.Freeze()]);
        return await _store.SaveAsync(snapshot, name);
    }

    /// <summary>A disk that outlives those who close it.</summary>
    private sealed class KeptOpen(MemoryDisk disk) : IBlockBackend
    {
        public long Length => disk.Length;

        public bool ReadOnly => false;

        public int BlockSize => disk.BlockSize;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default) => disk.ReadAsync(offset, buffer, cancel);

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) => disk.WriteAsync(offset, data, cancel);

        public ValueTask FlushAsync(CancellationToken cancel = default) => disk.FlushAsync(cancel);

        public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => disk.DiscardAsync(offset, length, cancel);

        public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) => disk.WriteZeroesAsync(offset, length, mayUnmap, cancel);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
