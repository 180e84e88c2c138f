using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>Whatever reaches the file before a cut – a process killed between two writes, or storage that has kept any of those since the last flush – what was flushed is there.</summary>
public sealed class PowerCutTests
{
    private const int Size = 512 << 10;

    [Theory]
    [InlineData(512, 16, false, false, 3)]
    [InlineData(4096, 16, false, false, 3)]
    [InlineData(4096, 1, false, false, 3)]
    [InlineData(512, 64, false, true, 3)]
    [InlineData(16384, 8, true, false, 3)]
    [InlineData(16384, 16, true, true, 3)]
    [InlineData(1024, 16, false, false, 2)]
    public void Cut_anywhere_leaves_what_was_flushed_and_no_errors(int clusterSize, int refcountBits, bool subclusters, bool lazy, int version)
    {
        for (int seed = 0; seed < 4; seed++) Run(seed, clusterSize, refcountBits, subclusters, lazy, version);
    }

    private static void Run(int seed, int clusterSize, int refcountBits, bool subclusters, bool lazy, int version)
    {
        var random = new Random(seed);
        MemoryStore store = TestImage.Create(Size, clusterSize, refcountBits, subclusters, lazy, version);
        byte[] image = [.. store.Bytes];
        store.Journal = [];
        Qcow2Disk disk = Qcow2Disk.Open(store);
        byte[] model = new byte[Size];
        var flushed = new List<(int Journal, byte[] Bytes, bool[] Touched)>();
        bool[] touched = new bool[Size / 512];
        flushed.Add((0, [.. model], touched));
        for (int i = 0; i < 60; i++) Operate(disk, random, model, ref touched, flushed, store.Journal);
        disk.Close();

        for (int cut = 0; cut < 40; cut++)
        {
            int end = random.Next(store.Journal.Count + 1);
            MemoryStore after = Replay(image, store.Journal, end, random, keepsAll: cut % 2 == 0);
            (_, byte[] bytes, bool[] since) = flushed.Last(f => f.Journal <= end);
            Verify(after, bytes, since, $"seed {seed}, cut {cut} at {end} of {store.Journal.Count}");
        }
    }

    private static void Operate(Qcow2Disk disk, Random random, byte[] model, ref bool[] touched, List<(int, byte[], bool[])> flushed, List<(long, byte[])?> journal)
    {
        int offset = random.Next(Size / 512) * 512;
        int length = Math.Min(Size - offset, random.Next(1, 64) * 512);
        switch (random.Next(disk.Image.Header.Version >= 3 && disk.Image.Header.RefcountBits > 1 ? 12 : 10))
        {
            case < 5:
                byte[] data = new byte[length];
                random.NextBytes(data);
                Touch(touched);
                disk.Write(offset, data);
                data.CopyTo(model, offset);
                break;
            case < 6:
                Touch(touched);
                disk.WriteZeroes(offset, length, random.Next(2) == 0, CancellationToken.None);
                model.AsSpan(offset, length).Clear();
                break;
            case < 7:
                Touch(touched);
                disk.Discard(offset, length);
                disk.Read(offset, model.AsSpan(offset, length));
                break;
            case 10:
                if (disk.Image.Snapshots.Count < 3) new Qcow2Snapshots(disk.Image).Create($"s{random.Next()}", DateTimeOffset.UnixEpoch);
                break;
            case 11:
                if (disk.Image.Snapshots.Count > 0) new Qcow2Snapshots(disk.Image).Delete(disk.Image.Snapshots[random.Next(disk.Image.Snapshots.Count)].Name);
                break;
            default:
                disk.Flush();
                touched = new bool[Size / 512];
                flushed.Add((journal.Count, [.. model], touched));
                break;
        }

        void Touch(bool[] blocks)
        {
            for (int i = offset / 512; i < (offset + length) / 512; i++) blocks[i] = true;
        }
    }

    /// <summary>The file after a cut: everything up to the last flush, and of what followed all (a killed process) or anything (storage without power).</summary>
    private static MemoryStore Replay(byte[] image, List<(long Offset, byte[] Data)?> journal, int end, Random random, bool keepsAll)
    {
        var store = new MemoryStore([.. image]);
        int durable = journal.FindLastIndex(Math.Max(0, end - 1), Math.Max(0, end), entry => entry is null);
        for (int i = 0; i < end; i++)
        {
            if (journal[i] is { } write && (i < durable || keepsAll || random.Next(2) == 0)) store.Write(write.Offset, write.Data);
        }

        return store;
    }

    private static void Verify(MemoryStore store, byte[] bytes, bool[] touchedSince, string where)
    {
        // A file that was not made longer in time is shorter than its tables say; that is filled up as file systems do.
        Qcow2Header header = Qcow2HeaderReader.Read(store);
        if (!header.Incompatible.HasFlag(IncompatibleFeature.Dirty))
        {
            Qcow2CheckResult result = TestImage.Check(store);
            Assert.True(result.Errors == 0, $"{where}: {string.Join("; ", result.Messages.Take(3))}");
        }

        Qcow2Disk disk = Qcow2Disk.Open(store);
        byte[] now = new byte[bytes.Length];
        disk.Read(0, now);
        for (int block = 0; block < touchedSince.Length; block++)
        {
            if (!touchedSince[block]) Assert.True(now.AsSpan(block * 512, 512).SequenceEqual(bytes.AsSpan(block * 512, 512)), $"{where}: block {block} has lost what was flushed");
        }

        disk.Close();
        Assert.Equal(0, TestImage.Check(store).Errors);
    }
}
