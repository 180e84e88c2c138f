using System.Numerics;

namespace Doppel.Host.Memory;

/// <summary>Some pages in a row.</summary>
/// <param name="Offset">Of the first byte.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct PageRun(ulong Offset, ulong Length)
{
    /// <summary>Bytes per bit of a bitmap.</summary>
    public const int PageSize = 4096;

    /// <summary>Runs that are no further apart than this are one: copying a few pages more costs less than a mapping more.</summary>
    private const ulong Gap = 8 * PageSize;

    /// <summary>What is between runs that are no further apart than this may as well be given up: having all processors forget some pages costs more than finding some anew.</summary>
    private const ulong WideGap = 64 * PageSize;

    /// <summary>Behind the last byte.</summary>
    public ulong End => Offset + Length;

    /// <summary>The runs that cover all marked pages: of whole host pages, in order.</summary>
    /// <param name="marked">Bit n of word w is page 64·w + n.</param>
    /// <param name="limit">Where the block ends; a multiple of the host's page size.</param>
    internal static List<PageRun> Find(ReadOnlySpan<ulong> marked, ulong limit) => Find(marked, limit, Gap);

    /// <summary>As <see cref="Find(ReadOnlySpan{ulong}, ulong)"/>, but with more between them.</summary>
    internal static List<PageRun> FindWide(ReadOnlySpan<ulong> marked, ulong limit) => Find(marked, limit, WideGap);

    private static List<PageRun> Find(ReadOnlySpan<ulong> marked, ulong limit, ulong gap)
    {
        ulong hostPage = (ulong)Environment.SystemPageSize;
        var runs = new List<PageRun>();
        for (int i = 0; i < marked.Length; i++)
        {
            for (ulong word = marked[i]; word != 0; word &= word - 1)
            {
                ulong offset = ((ulong)i * 64 + (ulong)BitOperations.TrailingZeroCount(word)) * PageSize;
                ulong start = offset & ~(hostPage - 1);
                ulong end = Math.Min((offset + PageSize + hostPage - 1) & ~(hostPage - 1), limit);
                if (runs.Count > 0 && start - Math.Min(start, runs[^1].End) <= gap) runs[^1] = new PageRun(runs[^1].Offset, end - runs[^1].Offset);
                else runs.Add(new PageRun(start, end - start));
            }
        }

        return runs;
    }

    /// <summary>Fewer runs, of whole host pages, that cover those: what touches becomes one.</summary>
    /// <param name="runs">In order; the last one ends within a whole page of the block.</param>
    internal static List<PageRun> Join(IEnumerable<PageRun> runs)
    {
        ulong mask = (ulong)Environment.SystemPageSize - 1;
        var joined = new List<PageRun>();
        foreach (PageRun run in runs)
        {
            ulong start = run.Offset & ~mask, end = (run.End + mask) & ~mask;
            if (joined.Count > 0 && start <= joined[^1].End) joined[^1] = new PageRun(joined[^1].Offset, Math.Max(end, joined[^1].End) - joined[^1].Offset);
            else joined.Add(new PageRun(start, end - start));
        }

        return joined;
    }
}
