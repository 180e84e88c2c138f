using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>What an open image consists of: its tables in memory, the lock over them, and what is still to be given back. Data is moved by others.</summary>
internal sealed class Qcow2Image
{
    private volatile bool _isWriting;
    private volatile string? _damage;
    private int _generation;

    public Qcow2Image(ImageStore store, Qcow2Header header)
    {
        Store = store;
        Header = header;
        Codec = ClusterCodec.Of(header.CompressionType);
        Metadata = new MetadataMap(store, header.ClusterBits);
        FileClusters = (store.Length + header.ClusterSize - 1) >> header.ClusterBits;
        var tables = new Qcow2Tables(store, header);
        ulong[] refcountTable = tables.ReadRefcountTable(Metadata);
        ulong[] l1 = tables.ReadL1(header.L1Offset, header.L1Size);
        Metadata.Claim(header.L1Offset, 8L * header.L1Size, "the L1 table");
        tables.ClaimL2Tables(l1, Metadata);
        Snapshots = Qcow2SnapshotTable.Read(store, header);
        tables.ClaimSnapshots(Snapshots, Metadata);
        Refcounts = new Refcounts(store, header, Metadata, refcountTable) { End = FileClusters };
        L2 = new L2Cache(this, l1);
        Commit = new Qcow2Commit(this);
    }

    public ImageStore Store { get; }

    public Qcow2Header Header { get; set; }

    /// <summary>How its compressed clusters are compressed.</summary>
    public ClusterCodec Codec { get; }

    /// <summary>Guards the tables; held for memory's work and for reading a table, never while data moves.</summary>
    public object Sync { get; } = new();

    public RequestGate Gate { get; } = new();

    public MetadataMap Metadata { get; }

    public Refcounts Refcounts { get; }

    public L2Cache L2 { get; }

    public Qcow2Commit Commit { get; }

    public IReadOnlyList<Qcow2Snapshot> Snapshots { get; set; }

    /// <summary>The layer below.</summary>
    public SynchronousDisk? Backing { get; set; }

    /// <summary>Clusters in the file when it was opened; what has been allocated since is <see cref="Qcow2.Refcounts.End"/>.</summary>
    public long FileClusters { get; private set; }

    /// <summary>Counts the times that something was given up.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Clusters that the tables in memory no longer refer to, but those in the file may.</summary>
    public List<FreedClusters> Freed { get; } = [];

    /// <summary>Gives clusters back once the file no longer refers to them and no request looks at them. Under the lock.</summary>
    public void Free(long first, long count, bool punch)
    {
        if (count == 0) return;
        if (Freed.Count > 0 && Freed[^1] is var last && last.First + last.Count == first && last.Punch == punch) Freed[^1] = last with { Count = last.Count + count };
        else Freed.Add(new FreedClusters(first, count, punch));
        Interlocked.Increment(ref _generation);
    }

    /// <summary>Called before anything is written: what other programs kept up beside the data and we do not is no longer right.</summary>
    public void BeginWriting()
    {
        if (_isWriting) return;
        lock (Sync)
        {
            if (_isWriting) return;
            bool dirty = Header.Version >= 3 && Header.LazyRefcounts;
            if (Header.Autoclear != 0 || dirty)
            {
                Header = Header with { Autoclear = 0, Incompatible = Header.Incompatible | (dirty ? IncompatibleFeature.Dirty : 0) };
                Qcow2HeaderWriter.WriteFeatures(Store, Header);
                Store.Flush();
            }

            _isWriting = true;
        }
    }

    /// <summary>Says in the file that reference counts may be wrong, or that they are right again. Version 2 cannot say it.</summary>
    public void MarkDirty(bool dirty)
    {
        lock (Sync)
        {
            if (Header.Version < 3 || Header.Incompatible.HasFlag(IncompatibleFeature.Dirty) == dirty) return;
            Header = Header with { Incompatible = dirty ? Header.Incompatible | IncompatibleFeature.Dirty : Header.Incompatible & ~IncompatibleFeature.Dirty };
            Qcow2HeaderWriter.WriteFeatures(Store, Header);
            Store.Flush();
        }
    }

    /// <summary>Runs a change; once one has found the image damaged, there are no more.</summary>
    public void Change(Action change)
    {
        ThrowIfDamaged();
        try
        {
            change();
        }
        catch (DoppelException exception) when (NotesDamage(exception))
        {
            throw;
        }
    }

    public void ThrowIfDamaged()
    {
        if (_damage is { } damage) throw new DoppelException(ErrorKind.Corrupt, damage, $"doppel disk check {Store.Path}");
    }

    /// <summary>Remembers that the image is damaged if the exception says so.</summary>
    /// <returns>False.</returns>
    public bool NotesDamage(DoppelException exception)
    {
        if (exception.Kind == ErrorKind.Corrupt) _damage ??= exception.Message;
        return false;
    }

    /// <summary>Whether a change has found the image damaged; its tables in memory are not written then.</summary>
    public bool IsDamaged => _damage is not null;

    /// <summary>Clusters that have been allocated are part of the file.</summary>
    public void Grow() => FileClusters = Math.Max(FileClusters, Refcounts.End);

    /// <summary>Makes everything durable and closes the file.</summary>
    public void Close()
    {
        try
        {
            if (!Store.ReadOnly && !IsDamaged) Settle();
        }
        finally
        {
            Store.Dispose();
            Backing?.Close();
        }
    }

    /// <summary>Makes everything durable; nothing is written any more.</summary>
    public void Seal()
    {
        if (Store.ReadOnly) return;
        ThrowIfDamaged();
        Settle();
        Store.EndWriting();
    }

    private void Settle()
    {
        // The second time writes what the first has given back.
        for (int i = 0; i < 3 && (i == 0 || Commit.HasWork); i++) Commit.Run(withRefcounts: true);
        if (_isWriting) MarkDirty(false);
    }
}

/// <param name="Punch">Whether the host gets the storage back.</param>
internal readonly record struct FreedClusters(long First, long Count, bool Punch);
