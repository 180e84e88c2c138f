using Doppel.Core.Trace;
using Doppel.Machine.Boards;
using Doppel.Machine.Lifecycle;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Machine;

public sealed class RepeatingPartTests
{
    [Fact]
    public void Same_seed_gives_the_same_bytes_in_whatever_pieces()
    {
        byte[] whole = Bytes(7, 100);
        var entropy = new SeededEntropy(7);
        byte[] pieces = new byte[100];
        for (int start = 0, length = 1; start < 100; start += length, length = (length + 6) % 37 + 1) entropy.Fill(pieces.AsSpan(start, Math.Min(length, 100 - start)));
        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Seeds_and_blocks_differ()
    {
        byte[] bytes = Bytes(0, 4096);
        Assert.NotEqual(bytes, Bytes(1, 4096));
        Assert.Equal(128, bytes.Chunk(32).Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Snapshot_keeps_its_place() => SnapshotContract.Check(() => new SeededEntropy(3), entropy => entropy.Fill(new byte[77]));

    [Fact]
    public void Snapshot_keeps_the_hash()
    {
        var hashes = new Dictionary<TraceHashPart, TraceHash>();
        SnapshotContract.Check(() =>
        {
            var hash = new TraceHash();
            var part = new TraceHashPart(hash);
            hashes.Add(part, hash);
            return part;
        }, part => hashes[part].Add([1], [2]));
    }

    private static byte[] Bytes(ulong seed, int count)
    {
        byte[] bytes = new byte[count];
        new SeededEntropy(seed).Fill(bytes);
        return bytes;
    }
}
