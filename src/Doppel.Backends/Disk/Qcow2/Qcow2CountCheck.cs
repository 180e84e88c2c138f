namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Compares the reference counts in an image with the references that there are.</summary>
internal sealed class Qcow2CountCheck(ImageStore store, Qcow2Header header, ClusterCounts counts, Qcow2CheckResult result, CancellationToken cancel)
{
    private readonly long _fileClusters = (store.Length + header.ClusterSize - 1) >> header.ClusterBits;

    /// <summary>Clusters of the refcount table and its blocks.</summary>
    private readonly HashSet<long> _own = [];

    public void Run()
    {
        long entriesPerBlock = 8L * header.ClusterSize >> header.RefcountOrder;
        ulong[] table = ReadTable();
        NoteBlocks(table);
        foreach (long cluster in _own)
        {
            if (counts[cluster] != 0) result.Damage($"a refcount table at 0x{cluster << header.ClusterBits:x} lies on something else");
        }

        long end = counts.End;
        byte[] bytes = new byte[header.ClusterSize];
        var present = new HashSet<long>();
        for (int i = 0; i < table.Length; i++)
        {
            if (!IsPlace(table[i])) continue;
            cancel.ThrowIfCancellationRequested();
            present.Add(i);
            store.Read((long)table[i], bytes);
            var block = new RefcountBlock(i, (long)table[i], bytes, header.RefcountOrder);
            end = Math.Max(end, CompareBlock(block, i * entriesPerBlock, (int)entriesPerBlock));
        }

        foreach ((long cluster, uint count) in counts.All())
        {
            if (!present.Contains(cluster / entriesPerBlock)) result.WrongCount($"cluster {cluster} is used {count} times, but has no count");
        }

        foreach (long cluster in _own.Where(c => !present.Contains(c / entriesPerBlock))) result.WrongCount($"cluster {cluster} of the refcount structures has no count");
        result.ImageEnd = Math.Max(end, _own.Count == 0 ? 0 : _own.Max() + 1) << header.ClusterBits;
    }

    private long CompareBlock(RefcountBlock block, long first, int entries)
    {
        long end = 0;
        // A block of zeroes is quickly seen.
        bool isEmpty = !block.Bytes.AsSpan().ContainsAnyExcept((byte)0);
        if (isEmpty && first >= counts.End && !_own.Any(c => c >= first && c < first + entries)) return 0;
        for (int i = 0; i < entries; i++)
        {
            ulong counted = isEmpty ? 0 : block[i];
            ulong used = counts[first + i] + (_own.Contains(first + i) ? 1UL : 0);
            if (counted != 0) end = first + i + 1;
            if (counted > used) result.Leak($"cluster {first + i} is used {used} times, but counted {counted} times");
            else if (counted < used) result.WrongCount($"cluster {first + i} is used {used} times, but counted {counted} times");
        }

        return end;
    }

    private ulong[] ReadTable()
    {
        long bytes = (long)header.RefcountTableClusters << header.ClusterBits;
        if (bytes == 0 || header.RefcountTableOffset % header.ClusterSize != 0 || header.RefcountTableOffset < header.ClusterSize || header.RefcountTableOffset + bytes > _fileClusters << header.ClusterBits)
        {
            result.WrongCount("the refcount table is in an impossible place");
            return [];
        }

        byte[] raw = new byte[bytes];
        store.Read(header.RefcountTableOffset, raw);
        for (long cluster = 0; cluster < header.RefcountTableClusters; cluster++) _own.Add((header.RefcountTableOffset >> header.ClusterBits) + cluster);
        return L2Table.Decode(raw);
    }

    private void NoteBlocks(ulong[] table)
    {
        for (int i = 0; i < table.Length; i++)
        {
            if (table[i] == 0) continue;
            if (!IsPlace(table[i])) result.WrongCount($"refcount block {i} is at 0x{table[i]:x}, where there can be none");
            else if (!_own.Add((long)table[i] >> header.ClusterBits)) result.WrongCount($"refcount block {i}, at 0x{table[i]:x}, is there for another one, too");
        }
    }

    private bool IsPlace(ulong offset) =>
        offset != 0 && offset % (ulong)header.ClusterSize == 0 && offset >= (ulong)header.ClusterSize && offset >> header.ClusterBits < (ulong)_fileClusters;
}
