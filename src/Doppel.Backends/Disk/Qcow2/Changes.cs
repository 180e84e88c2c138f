namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A refcount table in its new place, and the header that says so.</summary>
internal sealed record NewRefcountTable(byte[] Bytes, Qcow2Header Header, Qcow2Header Old);

/// <summary>Copies of what a commit writes, so that the tables may change again meanwhile. All but the lists is used under the image's lock.</summary>
internal sealed class Changes
{
    public List<(RefcountBlock Block, byte[] Bytes)> Blocks { get; } = [];

    public List<(L2Table Table, long Offset, ulong[] Words)> Tables { get; } = [];

    public List<(int Index, ulong Entry)> TableEntries { get; } = [];

    public List<(int Index, ulong Entry)> L1Entries { get; } = [];

    public List<FreedClusters> Freed { get; } = [];

    public NewRefcountTable? NewTable { get; set; }

    public bool IsEmpty => Blocks.Count + Tables.Count + TableEntries.Count + L1Entries.Count == 0 && NewTable is null;

    public void Add(RefcountBlock block)
    {
        Blocks.Add((block, [.. block.Bytes]));
        block.IsDirty = false;
        block.IsBeingWritten = true;
    }

    public void Add(L2Table table)
    {
        Tables.Add((table, table.Offset, [.. table.Words]));
        table.IsDirty = false;
        table.IsBeingWritten = true;
    }

    public void TakeTableEntries(Refcounts refcounts)
    {
        TableEntries.AddRange(refcounts.DirtyEntries.Select(i => (i, refcounts.Table[i])));
        refcounts.DirtyEntries.Clear();
    }

    public void TakeL1Entries(L2Cache l2)
    {
        L1Entries.AddRange(l2.DirtyEntries.Select(i => (i, l2.L1[i])));
        l2.DirtyEntries.Clear();
    }

    public void Done()
    {
        foreach ((RefcountBlock block, _) in Blocks) block.IsBeingWritten = false;
        foreach ((L2Table table, _, _) in Tables) table.IsBeingWritten = false;
    }

    /// <summary>Nothing is known to have been written: all of it is still to be.</summary>
    public void Restore(Qcow2Image image)
    {
        Done();
        foreach ((RefcountBlock block, _) in Blocks) block.IsDirty = true;
        foreach ((L2Table table, _, _) in Tables) table.IsDirty = true;
        image.Refcounts.DirtyEntries.UnionWith(TableEntries.Select(e => e.Index));
        image.L2.DirtyEntries.UnionWith(L1Entries.Select(e => e.Index));
        image.Freed.AddRange(Freed);
        // A table that moved is written as a whole, to its new place or to another one.
        if (NewTable is not null) image.Refcounts.HasOutgrown = true;
    }
}
