using Doppel.Host.Memory;

namespace Doppel.Tests.Unit.Host.Memory;

public sealed class PageRunTests
{
    private const ulong Page = PageRun.PageSize;

    [Fact]
    public void Runs_that_are_near_each_other_are_one_and_more_so_where_that_costs_little()
    {
        Assert.SkipUnless(Environment.SystemPageSize == PageRun.PageSize, "Larger pages of the host are other runs.");
        ulong[] marked = new ulong[8];
        foreach (int page in (int[])[0, 8, 60, 300]) marked[page / 64] |= 1UL << (page % 64);
        Assert.Equal([new PageRun(0, 9 * Page), new PageRun(60 * Page, Page), new PageRun(300 * Page, Page)], PageRun.Find(marked, 512 * Page));
        Assert.Equal([new PageRun(0, 61 * Page), new PageRun(300 * Page, Page)], PageRun.FindWide(marked, 512 * Page));
    }
}
