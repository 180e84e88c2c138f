using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>Several write, erase and read side by side, in parts that share clusters and tables, while another flushes and takes snapshots: each reads what it wrote.</summary>
public sealed class ConcurrencyTests
{
    private const int Size = 4 << 20;
    private const int Workers = 6;

    [Theory]
    [InlineData(512, false, false)]
    [InlineData(4096, false, true)]
    [InlineData(65536, false, false)]
    [InlineData(16384, true, false)]
    public async Task Requests_side_by_side_do_not_disturb_each_other(int clusterSize, bool subclusters, bool lazy)
    {
        MemoryStore store = TestImage.Create(Size, clusterSize, 16, subclusters, lazy);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        using var stop = new CancellationTokenSource();
        Task housekeeping = Task.Run(async () =>
        {
            var snapshots = new Qcow2Snapshots(disk.Image);
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                disk.Flush();
                if (i % 7 == 3) snapshots.Create($"s{i}", DateTimeOffset.UnixEpoch);
                if (i % 7 == 6) snapshots.Delete($"s{i - 3}");
                await Task.Delay(2);
            }
        });
        byte[] model = new byte[Size];
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => Work(disk, worker, model))));
        await stop.CancelAsync();
        await housekeeping;
        byte[] now = new byte[Size];
        disk.Read(0, now);
        Assert.True(now.AsSpan().SequenceEqual(model));
        disk.Close();
        Assert.True(TestImage.Check(store).IsClean, string.Join("; ", TestImage.Check(store).Messages.Take(5)));
    }

    [Fact]
    public void File_that_becomes_longer_keeps_what_another_writes_meanwhile()
    {
        MemoryStore store = TestImage.Create(Size, 16384, 16, subclusters: true);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        byte[] first = Data(1, 512), second = Data(2, 512);
        Thread? other = null;
        store.Before = call =>
        {
            if (call != StoreCall.SetLength || other is not null) return;
            other = new Thread(() => disk.Write(1 << 20, second));
            other.Start();
            // It may have to wait until the file is longer.
            other.Join(TimeSpan.FromMilliseconds(100));
        };
        disk.Write(0, first);
        disk.Flush();
        Assert.True(other!.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(first, Read(disk, 0, 512));
        Assert.Equal(second, Read(disk, 1 << 20, 512));
    }

    [Fact]
    public void Subcluster_that_is_there_is_not_copied_onto_itself()
    {
        MemoryStore store = TestImage.Create(Size, 65536, 16, subclusters: true);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        disk.Write(2048, Data(1, 2048));
        byte[] across = Data(2, 3072), behind = Data(3, 512);
        int writes = 0;
        store.Before = call =>
        {
            if (call != StoreCall.Write || ++writes != 2) return;
            var other = new Thread(() => disk.Write(3072, behind));
            other.Start();
            Assert.True(other.Join(TimeSpan.FromSeconds(30)));
        };
        // The first subcluster is new, the second one's upper half is another's.
        disk.Write(0, across);
        Assert.Equal(across, Read(disk, 0, 3072));
        Assert.Equal(behind, Read(disk, 3072, 512));
    }

    private static byte[] Data(int seed, int length)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    private static byte[] Read(Qcow2Disk disk, long offset, int length)
    {
        byte[] data = new byte[length];
        disk.Read(offset, data);
        return data;
    }

    /// <summary>Every block whose number divided by the number of workers leaves this one's is this one's.</summary>
    private static void Work(Qcow2Disk disk, int worker, byte[] model)
    {
        var random = new Random(worker);
        byte[] data = new byte[512];
        for (int i = 0; i < 500; i++)
        {
            int block = random.Next(Size / 512 / Workers) * Workers + worker;
            // Most of the time in a place where all meet.
            if (i % 3 != 0) block = random.Next(40) * Workers + worker;
            int at = block * 512;
            switch (random.Next(5))
            {
                case < 2:
                    random.NextBytes(data);
                    disk.Write(at, data);
                    data.CopyTo(model, at);
                    break;
                case 2:
                    disk.WriteZeroes(at, 512, random.Next(2) == 0, CancellationToken.None);
                    model.AsSpan(at, 512).Clear();
                    break;
                default:
                    disk.Read(at, data);
                    Assert.True(data.AsSpan().SequenceEqual(model.AsSpan(at, 512)), $"worker {worker}, round {i}: block {block} is not what was written");
                    break;
            }
        }
    }
}
