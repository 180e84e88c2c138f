// QEMU, docs/interop/qcow2: "Host cluster management".
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Which clusters of the file are used, and how often; finds free ones. Not thread-safe: used under the image's lock. Nothing is written here but by
/// <see cref="Qcow2Commit"/>, and a table that moves.
/// </summary>
internal sealed class Refcounts
{
    private readonly ImageStore _store;
    private readonly MetadataMap _metadata;
    private readonly int _clusterBits;
    private readonly int _order;
    private readonly Dictionary<int, RefcountBlock> _blocks = [];
    private readonly int _maxBlocks;
    private readonly Queue<int> _clock = new();
    private ulong[] _table;

    public Refcounts(ImageStore store, Qcow2Header header, MetadataMap metadata, ulong[] table)
    {
        _store = store;
        _metadata = metadata;
        _clusterBits = header.ClusterBits;
        _order = header.RefcountOrder;
        _table = table;
        Largest = RefcountBlock.Largest(_order);
        BlockEntries = 8 * header.ClusterSize >> _order;
        _maxBlocks = Math.Max(4, Qcow2Limits.RefcountCacheBytes >> _clusterBits);
    }

    /// <summary>The largest count that there is room for.</summary>
    public ulong Largest { get; }

    /// <summary>Counts in a block.</summary>
    public int BlockEntries { get; }

    /// <summary>Where the search for free clusters begins.</summary>
    public long Hint { get; set; }

    /// <summary>One more than the last cluster that was ever seen in use or given out here.</summary>
    public long End { get; set; }

    public IReadOnlyList<ulong> Table => _table;

    /// <summary>Entries of the table that have been changed since the last commit.</summary>
    public SortedSet<int> DirtyEntries { get; } = [];

    /// <summary>The table has become longer; it needs a new place.</summary>
    public bool HasOutgrown { get; set; }

    public IEnumerable<RefcountBlock> DirtyBlocks => _blocks.Values.Where(b => b.IsDirty);

    /// <summary>Whether so much is waiting to be written that a commit is due.</summary>
    public bool IsFull { get; private set; }

    public ulong this[long cluster]
    {
        get => Block(cluster) is { } block ? block[(int)(cluster % BlockEntries)] : 0;
        set => (Block(cluster) ?? throw Corrupt($"cluster {cluster} is used, but has no count"))[(int)(cluster % BlockEntries)] = value;
    }

    /// <summary>Takes free clusters that follow one another.</summary>
    /// <returns>The first.</returns>
    /// <exception cref="DoppelException">The image is damaged: free clusters hold metadata.</exception>
    public long Allocate(long count)
    {
        long first = FindFree(count);
        Reach(first + count);
        for (long cluster = first; cluster < first + count; cluster++) this[cluster] = 1;
        Hint = first + count;
        return first;
    }

    /// <summary>Takes this cluster and the next ones, as many of them as are free.</summary>
    public long AllocateAt(long first, long count)
    {
        long taken = 0;
        while (taken < count && Block(first + taken) is not null && this[first + taken] == 0 && !_metadata.Contains(first + taken))
        {
            Reach(first + taken + 1);
            this[first + taken] = 1;
            taken++;
        }

        return taken;
    }

    /// <summary>One reference less for each; what nobody refers to any more is free at once.</summary>
    public void Release(long first, long count)
    {
        for (long cluster = first; cluster < first + count; cluster++)
        {
            ulong old = this[cluster];
            if (old == 0) throw Corrupt($"cluster {cluster} was given back more often than it was taken");
            this[cluster] = old - 1;
            if (old != 1) continue;
            Hint = Math.Min(Hint, cluster);
            _metadata.Remove(cluster);
        }
    }

    /// <summary>One reference more for each.</summary>
    public void Retain(long first, long count)
    {
        for (long cluster = first; cluster < first + count; cluster++)
        {
            ulong old = this[cluster];
            if (old == Largest) throw new DoppelException(ErrorKind.Failed, $"{_store.Path}: a cluster would be shared more than {Largest} times, which reference counts of {1 << _order} bits cannot say", "an image with wider reference counts");
            this[cluster] = old + 1;
        }
    }

    /// <summary>The table is in another place now, with another length.</summary>
    public void MoveTable(long clusters)
    {
        Array.Resize(ref _table, (int)(clusters << (_clusterBits - 3)));
        HasOutgrown = false;
        DirtyEntries.Clear();
    }

    /// <summary>Forgets what can be read again, down to the bound, but not this block.</summary>
    public void Trim(RefcountBlock? keep = null)
    {
        for (int tries = 2 * _clock.Count; _blocks.Count > _maxBlocks && tries > 0; tries--)
        {
            int index = _clock.Dequeue();
            RefcountBlock block = _blocks[index];
            if (block.IsDirty || block.IsBeingWritten || block.IsUsed || block == keep)
            {
                block.IsUsed = false;
                _clock.Enqueue(index);
            }
            else
            {
                _blocks.Remove(index);
            }
        }

        IsFull = _blocks.Count > _maxBlocks;
    }

    private long FindFree(long count)
    {
        long first = Hint;
        for (long cluster = first; cluster < first + count; cluster++)
        {
            if (this[cluster] != 0)
            {
                first = cluster + 1;
            }
            else
            {
                if (_metadata.Contains(cluster)) throw Corrupt($"cluster {cluster} holds metadata, but counts as free");
                // A missing block takes the first place, so that those behind it still follow one another, also if they need several blocks.
                if (Block(cluster) is null) AddBlock((int)(cluster / BlockEntries), first++);
            }

            if (first >> (55 - _clusterBits) != 0) throw new IOException($"{_store.Path}: no room is left in the format");
        }

        return first;
    }

    private RefcountBlock? Block(long cluster)
    {
        int index = (int)Math.Min(cluster / BlockEntries, int.MaxValue);
        if (_blocks.TryGetValue(index, out RefcountBlock? block))
        {
            block.IsUsed = true;
            return block;
        }

        if (index >= _table.Length || _table[index] == 0) return null;
        long offset = (long)_table[index];
        byte[] bytes = new byte[1 << _clusterBits];
        _store.Read(offset, bytes);
        return Keep(new RefcountBlock(index, offset, bytes, _order));
    }

    /// <summary>A block for clusters that have none, in a free cluster that an earlier block counts, or it itself.</summary>
    private void AddBlock(int index, long cluster)
    {
        Reach(cluster + 1);
        var block = new RefcountBlock(index, cluster << _clusterBits, new byte[1 << _clusterBits], _order);
        if (index >= _table.Length)
        {
            long entries = Math.Max(index + 1L, _table.Length + _table.Length / 2);
            long perCluster = 1L << (_clusterBits - 3);
            long length = (entries + perCluster - 1) / perCluster * perCluster;
            if (8 * (index + 1L) > Qcow2Header.MaxRefcountTableBytes) throw new IOException($"{_store.Path}: the image has become too large for its refcount table");
            Array.Resize(ref _table, (int)Math.Min(length, Math.Max(Qcow2Header.MaxRefcountTableBytes / 8, perCluster)));
            HasOutgrown = true;
        }

        _table[index] = (ulong)block.Offset;
        DirtyEntries.Add(index);
        _metadata.Add(cluster);
        Keep(block);
        if (cluster / BlockEntries == index) block[(int)(cluster % BlockEntries)] = 1;
        else this[cluster] = 1;
    }

    /// <summary>
    /// Makes the file long enough for clusters that are given out. Under the lock, before anybody writes to them: a write that made the file longer could be cut off by
    /// somebody who had just seen the old length.
    /// </summary>
    private void Reach(long end)
    {
        if (end <= End) return;
        if (_store.Length < end << _clusterBits) _store.SetLength(end << _clusterBits);
        End = end;
    }

    private RefcountBlock Keep(RefcountBlock block)
    {
        _blocks.Add(block.Index, block);
        _clock.Enqueue(block.Index);
        if (_blocks.Count > _maxBlocks) Trim(block);
        return block;
    }

    private DoppelException Corrupt(string what) => Qcow2Errors.Corrupt(_store.Path, what);
}
