using System.Numerics;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>Some clusters of a disk in a row, and the name of the layer that holds them.</summary>
public readonly record struct DiskExtent(long Cluster, long Count, Guid Layer)
{
    /// <summary>Behind the last cluster.</summary>
    public long End => Cluster + Count;
}

/// <summary>
/// Where the content of a disk comes from: for each cluster of 64 KiB the layer that it was written with. What is under the same name is the same, so two moments of a disk
/// differ at most where their maps do. Unchanging.
/// </summary>
public sealed class DiskMap
{
    /// <summary>The layer of clusters that are all zeroes.</summary>
    public static readonly Guid Zeroes = Guid.Empty;

    private readonly DiskExtent[] _extents;

    /// <param name="extents">In order from cluster 0 on, without gaps.</param>
    /// <exception cref="ArgumentException">They are not.</exception>
    public DiskMap(IEnumerable<DiskExtent> extents)
    {
        var joined = new List<DiskExtent>();
        foreach (DiskExtent extent in extents)
        {
            long end = joined.Count == 0 ? 0 : joined[^1].End;
            if (extent.Cluster != end || extent.Count <= 0 || extent.Count > long.MaxValue - end) throw new ArgumentException($"The extents do not cover the disk at cluster {end}.", nameof(extents));
            if (joined.Count > 0 && joined[^1].Layer == extent.Layer) joined[^1] = joined[^1] with { Count = joined[^1].Count + extent.Count };
            else joined.Add(extent);
        }

        _extents = [.. joined];
    }

    public IReadOnlyList<DiskExtent> Extents => _extents;

    /// <summary>How many clusters the disk has.</summary>
    public long Count => _extents.Length == 0 ? 0 : _extents[^1].End;

    /// <summary>All of a disk from one layer.</summary>
    /// <param name="length">Bytes.</param>
    public static DiskMap Of(long length, Guid layer) => new([new DiskExtent(0, Clusters(length), layer)]);

    /// <summary>How many clusters a disk of so many bytes has.</summary>
    public static long Clusters(long length) => (length + ClusterStore.ClusterSize - 1) / ClusterStore.ClusterSize;

    /// <summary>This map with some clusters from another layer.</summary>
    /// <param name="changed">Bit n of word w is cluster 64·w + n.</param>
    public DiskMap With(ReadOnlySpan<ulong> changed, Guid layer)
    {
        var extents = new List<DiskExtent>();
        long position = 0;
        int old = 0;
        for (int i = 0; i < changed.Length; i++)
        {
            for (ulong word = changed[i]; word != 0; word &= word - 1)
            {
                long cluster = (i * 64L) + BitOperations.TrailingZeroCount(word);
                CopyUntil(cluster);
                extents.Add(new DiskExtent(cluster, 1, layer));
                position = cluster + 1;
            }
        }

        CopyUntil(Count);
        return new DiskMap(extents);

        void CopyUntil(long end)
        {
            while (position < end)
            {
                while (_extents[old].End <= position) old++;
                long next = Math.Min(_extents[old].End, end);
                extents.Add(new DiskExtent(position, next - position, _extents[old].Layer));
                position = next;
            }
        }
    }

    /// <summary>This map with what comes from the same layers as in <paramref name="known"/> replaced by what <paramref name="equal"/> has there, which has the same content.</summary>
    public DiskMap Replace(DiskMap known, DiskMap equal)
    {
        var extents = new List<DiskExtent>();
        foreach ((DiskExtent mine, Guid theirs) in Together(known))
        {
            if (mine.Layer == theirs) extents.AddRange(equal.Within(mine.Cluster, mine.Count));
            else extents.Add(mine);
        }

        return new DiskMap(extents);
    }

    /// <summary>Where the other map names another layer: in order, each with this map's layer.</summary>
    public IEnumerable<DiskExtent> Differences(DiskMap other) => Together(other).Where(pair => pair.Mine.Layer != pair.Theirs).Select(pair => pair.Mine);

    /// <summary>The extents of some clusters, cut to them.</summary>
    public IEnumerable<DiskExtent> Within(long cluster, long count)
    {
        long end = cluster + count;
        for (int i = Find(cluster); i < _extents.Length && _extents[i].Cluster < end; i++)
        {
            long from = Math.Max(_extents[i].Cluster, cluster);
            yield return new DiskExtent(from, Math.Min(_extents[i].End, end) - from, _extents[i].Layer);
        }
    }

    /// <summary>The layer of a cluster.</summary>
    public Guid LayerOf(long cluster) => _extents[Find(cluster)].Layer;

    private IEnumerable<(DiskExtent Mine, Guid Theirs)> Together(DiskMap other)
    {
        if (other.Count != Count) throw new ArgumentException("The maps are of disks of different lengths.", nameof(other));
        foreach (DiskExtent mine in _extents)
        {
            foreach (DiskExtent theirs in other.Within(mine.Cluster, mine.Count)) yield return (theirs with { Layer = mine.Layer }, theirs.Layer);
        }
    }

    /// <summary>The index of the extent that holds a cluster.</summary>
    private int Find(long cluster)
    {
        int low = 0;
        int high = _extents.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_extents[middle].End <= cluster) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
