using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

public sealed class RefcountTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Block_keeps_counts_of_every_width_apart(int order)
    {
        var block = new RefcountBlock(0, 0, new byte[512], order);
        ulong most = RefcountBlock.Largest(order);
        int entries = 4096 >> order;
        for (int i = 0; i < entries; i += 2) block[i] = most;
        for (int i = 0; i < entries; i++) Assert.Equal(i % 2 == 0 ? most : 0, block[i]);
        block[4] = 0;
        block[5] = 1;
        Assert.Equal([most, 0, most, 0, 0, 1, most], Enumerable.Range(0, 7).Select(i => block[i]));
    }

    /// <summary>Clusters that follow one another may be more than one block of counts stands for, and more than the table has blocks for.</summary>
    [Theory]
    [InlineData(512, 64)]
    [InlineData(512, 16)]
    [InlineData(4096, 64)]
    public void Write_longer_than_a_block_of_counts_finds_room(int clusterSize, int refcountBits)
    {
        MemoryStore store = TestImage.Create(4 << 20, clusterSize, refcountBits);
        Qcow2Disk disk = Qcow2Disk.Open(store);
        byte[] data = new byte[3 << 20];
        new Random(1).NextBytes(data);
        disk.Write(512 * 77, data);
        disk.Close();
        Assert.True(TestImage.Check(store).IsClean, string.Join("; ", TestImage.Check(store).Messages.Take(4)));
        byte[] back = new byte[data.Length];
        Qcow2Disk.Open(store).Read(512 * 77, back);
        Assert.True(back.AsSpan().SequenceEqual(data));
    }
}
