namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Writes the tables that have changed, in an order in which whatever is in the file at any moment is right, or has clusters that are counted and not used at worst:
/// data and reference counts, then L2 tables, then the L1 table, each durable before the next. What has become free is free after that, once the requests that might
/// look at it have ended; its counts are written by the next commit. Requests go on meanwhile: what is written are copies.
/// </summary>
internal sealed class Qcow2Commit(Qcow2Image image)
{
    private readonly Lock _one = new();
    private readonly List<FreedClusters> _retired = [];
    private readonly List<FreedClusters> _grace = [];

    /// <summary>Whether there is something that a commit would write or give back.</summary>
    public bool HasWork
    {
        get
        {
            lock (image.Sync) return image.Freed.Count + _retired.Count + _grace.Count > 0 || HasChanges();
        }
    }

    /// <summary>A commit, if so much has been changed that it is due. Called without the lock, outside of a request.</summary>
    public void RunIfFull()
    {
        if (!image.L2.IsFull && !image.Refcounts.IsFull && image.Freed.Count < Qcow2Limits.MaxFreed) return;
        Run(withRefcounts: image.Refcounts.IsFull);
        lock (image.Sync)
        {
            image.L2.Trim();
            image.Refcounts.Trim();
        }
    }

    /// <param name="withRefcounts">Whether reference counts are written even if the image has the dirty bit instead.</param>
    public void Run(bool withRefcounts = false)
    {
        lock (_one)
        {
            Changes changes;
            lock (image.Sync) changes = Capture(withRefcounts || !image.Header.Incompatible.HasFlag(IncompatibleFeature.Dirty));
            try
            {
                Write(changes);
            }
            catch
            {
                lock (image.Sync) changes.Restore(image);
                throw;
            }

            lock (image.Sync)
            {
                changes.Done();
                _retired.AddRange(changes.Freed);
            }

            GiveBack();
        }
    }

    private bool HasChanges() => image.L2.DirtyEntries.Count + image.Refcounts.DirtyEntries.Count > 0 || image.L2.DirtyTables.Any() || image.Refcounts.DirtyBlocks.Any();

    private Changes Capture(bool withRefcounts)
    {
        var changes = new Changes();
        if (image.Refcounts.HasOutgrown) changes.NewTable = PlaceTable();
        if (withRefcounts || changes.NewTable is not null)
        {
            foreach (RefcountBlock block in image.Refcounts.DirtyBlocks.ToArray()) changes.Add(block);
        }

        // A block that the table names must be in the file.
        if (withRefcounts || changes.NewTable is not null) changes.TakeTableEntries(image.Refcounts);
        foreach (L2Table table in image.L2.DirtyTables.ToArray()) changes.Add(table);
        changes.TakeL1Entries(image.L2);
        changes.Freed.AddRange(image.Freed);
        image.Freed.Clear();
        image.Grow();
        return changes;
    }

    /// <summary>A new place for a refcount table that has become longer.</summary>
    private NewRefcountTable PlaceTable()
    {
        int bits = image.Header.ClusterBits;
        long clusters, first;
        int length;
        do
        {
            length = image.Refcounts.Table.Count;
            clusters = (8L * length + image.Header.ClusterSize - 1) >> bits;
            first = image.Refcounts.Allocate(clusters);
            if (image.Refcounts.Table.Count != length) image.Refcounts.Release(first, clusters);
        }
        while (image.Refcounts.Table.Count != length);

        Qcow2Header old = image.Header;
        image.Metadata.Claim(first << bits, clusters << bits, "the refcount table");
        image.Metadata.Release(old.RefcountTableOffset, (long)old.RefcountTableClusters << bits);
        image.Free(old.RefcountTableOffset >> bits, old.RefcountTableClusters, punch: false);
        image.Refcounts.MoveTable(clusters);
        image.Header = old with { RefcountTableOffset = first << bits, RefcountTableClusters = (int)clusters };
        return new NewRefcountTable(L2Table.Encode([.. image.Refcounts.Table]), image.Header, old);
    }

    private void Write(Changes changes)
    {
        ImageStore store = image.Store;
        if (changes.IsEmpty)
        {
            store.Flush();
            return;
        }

        image.BeginWriting();
        foreach ((RefcountBlock block, byte[] bytes) in changes.Blocks) store.Write(block.Offset, bytes);
        store.Flush();
        if (changes.NewTable is { } moved)
        {
            store.Write(moved.Header.RefcountTableOffset, moved.Bytes);
            store.Flush();
            Qcow2HeaderWriter.WriteRefcountTable(store, moved.Header);
            store.Flush();
        }
        else if (changes.TableEntries.Count > 0)
        {
            WriteEntries(image.Header.RefcountTableOffset, changes.TableEntries);
            store.Flush();
        }

        foreach ((L2Table table, long offset, ulong[] words) in changes.Tables) store.Write(offset, L2Table.Encode(words));
        if (changes.Tables.Count > 0) store.Flush();
        if (changes.L1Entries.Count == 0) return;
        WriteEntries(image.Header.L1Offset, changes.L1Entries);
        store.Flush();
    }

    private void WriteEntries(long table, IEnumerable<(int Index, ulong Entry)> entries)
    {
        foreach ((int index, ulong entry) in entries) image.Store.Write(table + 8L * index, L2Table.Encode([entry]));
    }

    /// <summary>Frees what the file no longer refers to and no request looks at any more.</summary>
    private void GiveBack()
    {
        if (_grace.Count == 0 && _retired.Count > 0 && image.Gate.TryBeginGrace())
        {
            lock (image.Sync)
            {
                _grace.AddRange(_retired);
                _retired.Clear();
            }
        }

        if (_grace.Count == 0 || !image.Gate.TryEndGrace()) return;
        foreach (FreedClusters freed in _grace.Where(f => f.Punch)) Punch(freed);
        lock (image.Sync)
        {
            foreach (FreedClusters freed in _grace) image.Refcounts.Release(freed.First, freed.Count);
            _grace.Clear();
        }
    }

    private void Punch(FreedClusters freed)
    {
        bool isLast;
        lock (image.Sync) isLast = Enumerable.Range(0, (int)freed.Count).All(i => image.Refcounts[freed.First + i] == 1);
        if (isLast) image.Store.TryPunchHole(freed.First << image.Header.ClusterBits, freed.Count << image.Header.ClusterBits);
    }
}
