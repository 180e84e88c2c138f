namespace Doppel.Backends.Disk.Qcow2;

/// <summary>How often each cluster of a file is referred to; memory only for the parts that are.</summary>
internal sealed class ClusterCounts
{
    private const int PageBits = 10;
    private readonly Dictionary<long, uint[]> _pages = [];

    /// <summary>One more than the last cluster that is referred to.</summary>
    public long End { get; private set; }

    public uint this[long cluster] => _pages.TryGetValue(cluster >> PageBits, out uint[]? page) ? page[cluster & ((1 << PageBits) - 1)] : 0;

    public void Add(long cluster)
    {
        if (!_pages.TryGetValue(cluster >> PageBits, out uint[]? page)) _pages[cluster >> PageBits] = page = new uint[1 << PageBits];
        page[cluster & ((1 << PageBits) - 1)]++;
        End = Math.Max(End, cluster + 1);
    }

    /// <summary>All clusters that are referred to, in no order.</summary>
    public IEnumerable<(long Cluster, uint Count)> All()
    {
        foreach ((long index, uint[] page) in _pages)
        {
            for (int i = 0; i < page.Length; i++)
            {
                if (page[i] != 0) yield return ((index << PageBits) + i, page[i]);
            }
        }
    }
}
