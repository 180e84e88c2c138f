using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>The L1 table and those L2 tables that are in memory. <see cref="Find"/> needs no lock; all else is used under the image's.</summary>
internal sealed class L2Cache
{
    private readonly Qcow2Image _image;
    private readonly int _maxTables;
    private readonly Queue<L2Table> _clock = new();
    private L2Table?[] _tables;

    public L2Cache(Qcow2Image image, ulong[] l1)
    {
        _image = image;
        _maxTables = Math.Max(Qcow2Limits.MinTables, Qcow2Limits.L2CacheBytes >> image.Header.ClusterBits);
        _tables = new L2Table?[l1.Length];
        L1 = l1;
    }

    public ulong[] L1 { get; private set; }

    /// <summary>Entries of the L1 table that have been changed since the last commit.</summary>
    public SortedSet<int> DirtyEntries { get; } = [];

    public IEnumerable<L2Table> DirtyTables => _clock.Where(t => t.IsDirty);

    /// <summary>Whether so much is waiting to be written that a commit is due.</summary>
    public bool IsFull { get; private set; }

    public L2Table? Find(int index) => Volatile.Read(ref _tables[index]);

    /// <summary>The table, read if need be; null if there is none.</summary>
    /// <exception cref="DoppelException">It is damaged.</exception>
    public L2Table? Load(int index)
    {
        if (_tables[index] is { } known) return known;
        long offset = L2Entry.Offset(L1[index]);
        if (offset == 0) return null;
        byte[] bytes = new byte[_image.Header.ClusterSize];
        _image.Store.Read(offset, bytes);
        var table = new L2Table(index, offset, (L1[index] & L2Entry.Copied) != 0, L2Table.Decode(bytes));
        new L2Check(_image).Check(table);
        return Keep(table);
    }

    /// <summary>The table, to be changed: made if there is none, copied if a snapshot has it too.</summary>
    public L2Table LoadForWrite(int index)
    {
        L2Table? table = Load(index);
        if (table is { IsExclusive: true }) return table;
        long cluster = _image.Refcounts.Allocate(1);
        long offset = cluster << _image.Header.ClusterBits;
        _image.Metadata.Add(cluster);
        if (table is null)
        {
            table = Keep(new L2Table(index, offset, isExclusive: true, new ulong[_image.Header.ClusterSize / 8]));
        }
        else
        {
            // The map keeps the old place: a snapshot's table is not to be written on, either.
            _image.Free(table.Offset >> _image.Header.ClusterBits, 1, punch: false);
            table.Offset = offset;
            table.IsExclusive = true;
            // Now its marks count.
            new L2Check(_image).Check(table);
        }

        table.IsDirty = true;
        Volatile.Write(ref L1[index], (ulong)offset | L2Entry.Copied);
        DirtyEntries.Add(index);
        return table;
    }

    /// <summary>Another L1 table. Nothing uses the image meanwhile, and nothing waits to be written.</summary>
    public void Replace(ulong[] l1)
    {
        L1 = l1;
        _tables = new L2Table?[l1.Length];
        _clock.Clear();
        DirtyEntries.Clear();
    }

    /// <summary>Forgets what can be read again, down to the bound, but not this table.</summary>
    public void Trim(L2Table? keep = null)
    {
        for (int tries = 2 * _clock.Count; _clock.Count > _maxTables && tries > 0; tries--)
        {
            L2Table table = _clock.Dequeue();
            if (table.IsDirty || table.IsBeingWritten || table.IsUsed || table == keep)
            {
                table.IsUsed = false;
                _clock.Enqueue(table);
            }
            else
            {
                Volatile.Write(ref _tables[table.Index], null);
            }
        }

        IsFull = _clock.Count > _maxTables;
    }

    private L2Table Keep(L2Table table)
    {
        _clock.Enqueue(table);
        Volatile.Write(ref _tables[table.Index], table);
        if (_clock.Count > _maxTables) Trim(table);
        return table;
    }
}
