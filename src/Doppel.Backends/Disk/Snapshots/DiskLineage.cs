namespace Doppel.Backends.Disk.Snapshots;

/// <summary>What is known of where a disk's content comes from, while it is written on. Thread-safe.</summary>
internal sealed class DiskLineage
{
    private readonly Lock _lock = new();
    private readonly ulong[] _changed;
    private DiskMap _map;

    /// <summary>Of a disk of which nothing is known.</summary>
    /// <param name="length">Bytes.</param>
    public DiskLineage(long length)
    {
        _map = DiskMap.Of(length, Guid.NewGuid());
        _changed = new ulong[(_map.Count + 63) / 64];
    }

    /// <summary>A range is about to be written.</summary>
    public void Mark(long offset, long length)
    {
        for (long cluster = ClusterStore.ClusterOf(offset); cluster <= ClusterStore.ClusterOf(offset + length - 1); cluster++)
        {
            ref ulong word = ref _changed[cluster / 64];
            ulong bit = 1UL << (int)(cluster % 64);
            if ((Volatile.Read(ref word) & bit) == 0) Interlocked.Or(ref word, bit);
        }
    }

    /// <summary>The map of what the disk holds now: what was written since the last call is a layer of its own. Only while nobody writes.</summary>
    public DiskMap Take()
    {
        lock (_lock)
        {
            if (_changed.AsSpan().ContainsAnyExcept(0UL)) _map = _map.With(_changed, Guid.NewGuid());
            Array.Clear(_changed);
            return _map;
        }
    }

    /// <summary>The disk holds now what a map says. Only while nobody writes.</summary>
    public void SetTo(DiskMap map)
    {
        lock (_lock)
        {
            Array.Clear(_changed);
            _map = map;
        }
    }

    /// <summary>What <paramref name="known"/> says has other names, too.</summary>
    public void Rename(DiskMap known, DiskMap equal)
    {
        lock (_lock) _map = _map.Replace(known, equal);
    }
}
