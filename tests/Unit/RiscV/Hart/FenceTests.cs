using Doppel.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>What a hart forgets when others ask for fences (SBI 2.0, chapter 8), and what it keeps.</summary>
public sealed class FenceTests : IDisposable
{
    private const ulong Va = 0x4000_0000;
    private const ulong Root = HartBench.Base + 0x10_0000;
    private const ulong Leaves = Root + 0x2000;
    private const ulong Before = HartBench.Base + 0x20_0000;
    private const ulong After = HartBench.Base + 0x30_0000;
    private const ulong Pointer = 1;
    private const ulong Readable = 1 | 2 | 64;
    private const ulong Global = 32;
    private const ulong Asid = 7;
    private const ulong Pages = 100;

    private readonly HartBench _bench = new();

    /// <summary>A hart in S-mode that has looked at a hundred pages, which have gone elsewhere since. The last one is global.</summary>
    public FenceTests()
    {
        _bench[RiscVSlot.Pmpaddr] = ulong.MaxValue >> 10;
        _bench[RiscVSlot.Pmpcfg] = 0x1f;
        _bench.Write64(Root + (8 * (Va >> 30)), (Root + 0x1000) >> 12 << 10 | Pointer);
        _bench.Write64(Root + 0x1000, Leaves >> 12 << 10 | Pointer);
        _bench[RiscVSlot.Satp] = 8UL << 60 | Asid << 44 | Root >> 12;
        _bench.Hart.SetEntry(HartBench.Base, 0, 0, 0, PrivilegeMode.Supervisor);
        MapAll(Before);
        Assert.Equal(Pages, Seen(Before));
        MapAll(After);
        Assert.Equal(Pages, Seen(Before));
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0UL, 0UL, Pages)]
    [InlineData(Va, ulong.MaxValue, Pages)]
    [InlineData(Va, 4096UL, 1UL)]
    [InlineData(Va + 4095, 2UL, 2UL)]
    [InlineData(Va, 64UL << 12, 64UL)]
    [InlineData(Va, 65UL << 12, Pages)]
    [InlineData(Va + 1, 64UL << 12, Pages)]
    [InlineData(Va - 4096, 4096UL, 0UL)]
    public void Fence_ofARange_forgetsItsPages_butAllIfTheyAreMany(ulong start, ulong size, ulong forgotten)
    {
        Carry(RemoteFence.Of(start, size, asid: null));

        Assert.Equal((forgotten, Pages - forgotten), (Seen(After), Seen(Before)));
    }

    [Theory]
    [InlineData(Asid, Pages - 1)]
    [InlineData(Asid + 1, 0UL)]
    public void Fence_ofASpace_forgetsWhatIsNotGlobal(ulong asid, ulong leastForgotten)
    {
        Carry(RemoteFence.Of(0, 0, asid));

        Assert.InRange(Seen(After), leastForgotten, Pages);
    }

    [Fact]
    public void Fence_ofARangeInASpace_forgetsItsPages()
    {
        Carry(RemoteFence.Of(Va + 4096, 3 << 12, Asid));

        Assert.Equal(3UL, Seen(After));
    }

    [Fact]
    public void Fences_thatAreAFew_areCarriedOutEachByItself()
    {
        Carry([.. Enumerable.Range(0, 16).Select(i => RemoteFence.Of(Va + ((ulong)i << 12), 1, asid: null))]);

        Assert.Equal(16UL, Seen(After));
    }

    [Fact]
    public void Fences_thatAreMany_becomeOneOfAll()
    {
        Carry([.. Enumerable.Range(0, 17).Select(i => RemoteFence.Of(Va + ((ulong)i << 12), 1, asid: null))]);

        Assert.Equal(Pages, Seen(After));
    }

    [Fact]
    public void Fence_ofAll_isNotUndoneByOneOfAPage()
    {
        Carry(RemoteFence.Translations, RemoteFence.Of(Va, 4096, asid: null));

        Assert.Equal(Pages, Seen(After));
    }

    [Fact]
    public void Fence_isCarriedOutOnce()
    {
        Carry(RemoteFence.Translations);
        Assert.Equal(Pages, Seen(After));
        MapAll(Before);
        Carry(RemoteFence.Of(Va, 4096, asid: null));

        Assert.Equal(1UL, Seen(Before));
    }

    private void Carry(params RemoteFence[] fences)
    {
        foreach (RemoteFence fence in fences) _bench.Hart.Post(fence);
        _bench.Hart.ServeFences();
    }

    private void MapAll(ulong physical)
    {
        for (ulong i = 0; i < Pages; i++)
        {
            ulong page = physical + (i << 12);
            _bench.Write64(page, physical);
            _bench.Write64(Leaves + (8 * i), page >> 12 << 10 | Readable | (i == Pages - 1 ? Global : 0));
        }
    }

    /// <summary>How many of the pages are seen to be there.</summary>
    private ulong Seen(ulong physical)
    {
        ulong count = 0;
        for (ulong i = 0; i < Pages; i++)
        {
            Assert.True(_bench.Hart.TryLoad(Va + (i << 12), out ulong value));
            if (value == physical) count++;
        }

        return count;
    }
}
