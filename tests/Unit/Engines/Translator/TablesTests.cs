using System.Runtime.InteropServices;
using Doppel.CodeGen.X64;
using Doppel.Core.Memory;
using Doppel.Engines.Translator;
using Doppel.Host.Memory;

namespace Doppel.Tests.Unit.Engines.Translator;

/// <summary>What generated code finds in a vCPU's tables: only what was put there, also at the address 0, which is the tag of empty entries.</summary>
public sealed class TablesTests
{
    private const nint Somewhere = 0x7000_0000;

    [Theory]
    [InlineData(0)]
    [InlineData(0x1000)]
    [InlineData(0x100_0000)]
    [InlineData(0x7fff_f000)]
    public void Data_areFound_afterTheyWereFilled_untilTheyAreDropped(ulong page)
    {
        var tables = new DataTables();
        Assert.False(Finds(tables, page));
        tables.Fill(write: false, page, Somewhere, global: true);
        Assert.True(Finds(tables, page));
        tables.DropPage(page);
        Assert.False(Finds(tables, page));
        tables.Fill(write: false, page, Somewhere, global: false);
        tables.DropLocal();
        Assert.False(Finds(tables, page));
        for (ulong i = 0; i < 2 * X64Target.TlbEntries; i++) tables.Fill(write: false, page + (i << 12), Somewhere, global: true);
        tables.Clear();
        Assert.False(Finds(tables, page));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x1000)]
    [InlineData(0x8020_1234)]
    public void Code_isFound_afterItWasAdded_untilItIsCleared(ulong address)
    {
        var tables = new FetchTables(new PageNumbers(16));
        Assert.Equal(0, tables.FindJump(address));
        tables.AddJump(address, Somewhere);
        Assert.Equal(Somewhere, tables.FindJump(address));
        tables.Clear();
        Assert.Equal(0, tables.FindJump(address));
        for (ulong i = 0; i < 2 * X64Target.JumpCacheEntries; i++) tables.AddJump(address + (2 * i), Somewhere);
        tables.Clear();
        Assert.Equal(0, tables.FindJump(address));
    }

    [Fact]
    public void Page_isAbsentFromEveryTable_whenItsNumberIsGivenOut()
    {
        const int Count = 2000;
        var numbers = new PageNumbers(Count);
        List<SlotBlock> tables = [numbers.NewTable()];
        var given = new HashSet<int>();
        while (numbers.TryTake(out int number))
        {
            Assert.InRange(number, 1, Count - 1);
            Assert.True(given.Add(number));
            if (given.Count % 500 == 0) tables.Add(numbers.NewTable());
            Assert.All(tables, table => Assert.Equal((PageNumbers.Absent, PageNumbers.Absent), (table.At(0), table.At(number))));
        }

        Assert.Equal(Count - 1, given.Count);
        Assert.True(numbers.AreExhausted);
        numbers.Return(7);
        Assert.True(numbers.TryTake(out int again));
        Assert.Equal(7, again);
    }

    [Theory]
    [InlineData(0UL, true)]
    [InlineData((2UL * CodePage.Size) - 2, false)]
    [InlineData(2UL * CodePage.Size, false)]
    public void Code_isKept_afterAFence_ifNoneOfItHasChanged_inItsPageNorInTheOneWhereItEnds(ulong changed, bool isKept)
    {
        using var memory = new GuestMemory();
        MemoryRegion ram = memory.AddRegion("ram", 0, 3 * CodePage.Size);
        CodePage page = new(1, ram, CodePage.Size, vcpus: 1), next = new(2, ram, 2 * CodePage.Size, vcpus: 1);
        var region = new Region(page, CodePage.Key(CodePage.Size - 2, 0), lines: 1UL << 63, Somewhere, []);
        page.Add(region, new byte[CodePage.Size]);
        next.AddGuest(region);
        var tables = new FetchTables(new PageNumbers(16));
        tables.AddPage(0x5000, page, global: true);
        tables.AddPage(0x6000, next, global: true);

        Assert.True(memory.TryWrite(changed, [1]));

        Assert.Equal(isKept, tables.TryKeep(IsRight, generation: 2));

        static bool IsRight(ReadOnlySpan<(CodePage Page, int Version)> pages)
        {
            foreach ((CodePage known, _) in pages) _ = known.Validate(vcpu: 0, epoch: 2);
            bool isRight = true;
            foreach ((CodePage known, int version) in pages) isRight &= known.Version == version;
            return isRight;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    public void Region_knows_the_links_that_lead_to_it(int links)
    {
        using var memory = new GuestMemory();
        var region = new Region(new CodePage(1, memory.AddRegion("ram", 0, CodePage.Size), 0, vcpus: 1), CodePage.Key(0, 0), lines: 1, Somewhere, []);
        Assert.Empty(region.Incoming);
        for (int link = 0; link < links; link++) region.AddIncoming(link);
        Assert.Equal(Enumerable.Range(0, links), region.Incoming.Order());
        for (int link = 0; link < links; link += 2) region.RemoveIncoming(link);
        region.RemoveIncoming(links);
        Assert.Equal(Enumerable.Range(0, links).Where(link => link % 2 != 0), region.Incoming.Order());
    }

    /// <summary>As generated code does.</summary>
    private static bool Finds(DataTables tables, ulong page) =>
        (ulong)Marshal.ReadInt64(tables.ReadAddress + (nint)((page >> 12) % X64Target.TlbEntries * 16)) == page;
}
