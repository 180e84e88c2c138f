using Doppel.Core.Backends;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>
/// A disk as it was at one moment: the clusters that were about to be overwritten since then are kept here, until the next such moment; the others are still
/// where they were, with a later epoch or on the disk itself.
/// </summary>
internal sealed class DiskEpoch : DiskMoment
{
    private readonly SharedDisk _origin;
    private readonly ClusterStore _kept;
    private readonly SemaphoreSlim _keeping = new(1, 1);
    private DiskEpoch? _next;
    private readonly DiskLineage _lineage;
    private DiskMap _map;

    /// <param name="layers">The files that hold this content and never change, the uppermost first; null if they do.</param>
    public DiskEpoch(SharedDisk origin, DiskLineage lineage, IReadOnlyList<DiskLayer>? layers)
    {
        _origin = origin.Share();
        Layers = layers;
        _kept = new ClusterStore(origin.Disk.Length);
        _lineage = lineage;
        _map = lineage.Take();
    }

    public override long Length => _origin.Disk.Length;

    public override DiskMap Map => Volatile.Read(ref _map);

    public override IReadOnlyList<DiskLayer>? Layers { get; }

    /// <summary>Whether it is a moment of that disk.</summary>
    public bool IsOf(SharedDisk origin) => _origin == origin;

    /// <summary>From now on a later epoch keeps what is overwritten. Only while nobody writes.</summary>
    public void EndWith(DiskEpoch next)
    {
        if (!next.TryShare()) throw new InvalidOperationException("The epoch is gone.");
        Volatile.Write(ref _next, next);
    }

    /// <summary>Keeps what a range holds, if it is not kept yet: it is about to be overwritten.</summary>
    public async ValueTask KeepAsync(long offset, long length, CancellationToken cancel)
    {
        for (long cluster = ClusterStore.ClusterOf(offset); cluster <= ClusterStore.ClusterOf(offset + length - 1); cluster++)
        {
            if (_kept.Has(cluster)) continue;
            await _keeping.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                if (_kept.Has(cluster)) continue;
                (long start, int size) = _kept.Range(cluster);
                byte[] content = new byte[size];
                await _origin.Disk.ReadAsync(start, content, cancel).ConfigureAwait(false);
                _kept.Write(start, content);
                _kept.Add(cluster);
            }
            finally
            {
                _keeping.Release();
            }
        }
    }

    public override void Rename(DiskMap equal)
    {
        _lineage.Rename(_map, equal);
        Volatile.Write(ref _map, equal);
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        while (!buffer.IsEmpty)
        {
            long cluster = ClusterStore.ClusterOf(offset);
            int piece = (int)Math.Min(buffer.Length, (cluster + 1) * ClusterStore.ClusterSize - offset);
            await ReadPieceAsync(cluster, offset, buffer[..piece], cancel).ConfigureAwait(false);
            buffer = buffer[piece..];
            offset += piece;
        }
    }

    public override async ValueTask<long> NextDataAsync(long offset, CancellationToken cancel)
    {
        while (offset < Length)
        {
            // Asked first: what is overwritten by zeroes meanwhile has been kept before.
            BlockExtent extent = await _origin.Disk.MapAsync(offset, Length - offset, cancel).ConfigureAwait(false);
            if (extent.Kind is BlockExtentKind.Data or BlockExtentKind.Compressed) return offset;
            long end = offset + extent.Length;
            for (long cluster = ClusterStore.ClusterOf(offset); cluster * ClusterStore.ClusterSize < end; cluster++)
            {
                for (DiskEpoch? epoch = this; epoch is not null; epoch = Volatile.Read(ref epoch._next))
                {
                    if (epoch._kept.Has(cluster)) return Math.Max(offset, cluster * ClusterStore.ClusterSize);
                }
            }

            offset = end;
        }

        return Length;
    }

    /// <summary>Writes back to the disk what has been overwritten since; through <paramref name="write"/>, which keeps it for others first.</summary>
    public async Task RevertAsync(Func<long, ReadOnlyMemory<byte>, ValueTask> write)
    {
        foreach (long cluster in Overwritten())
        {
            (long start, int size) = _kept.Range(cluster);
            byte[] content = new byte[size];
            await ReadAsync(start, content, default).ConfigureAwait(false);
            await write(start, content).ConfigureAwait(false);
            // The disk is what it was, so that there is nothing to be kept; unless a later epoch still stands between.
            if (_next is null) _kept.Remove(cluster);
        }
    }

    public override async ValueTask<bool> TryCloneAsync(SafeFileHandle target, CancellationToken cancel)
    {
        if (_origin.Disk is not RawDisk raw || !raw.TryClone(target)) return false;
        if (RandomAccess.GetLength(target) != Length)
        {
            // Cut short, for lack of room.
            RandomAccess.SetLength(target, 0);
            return false;
        }

        // What had been overwritten when the file was cloned had been kept before.
        foreach (long cluster in Overwritten())
        {
            (long start, int size) = _kept.Range(cluster);
            byte[] content = new byte[size];
            await ReadAsync(start, content, cancel).ConfigureAwait(false);
            RandomAccess.Write(target, content, start);
        }

        return true;
    }

    protected override void Free()
    {
        _kept.Dispose();
        _next?.Release();
        _origin.Release();
    }

    /// <summary>The clusters in which the disk may differ from this moment, in their order.</summary>
    private SortedSet<long> Overwritten()
    {
        var all = new SortedSet<long>();
        for (DiskEpoch? epoch = this; epoch is not null; epoch = Volatile.Read(ref epoch._next)) all.UnionWith(epoch._kept.Present());
        return all;
    }

    private async ValueTask ReadPieceAsync(long cluster, long offset, Memory<byte> piece, CancellationToken cancel)
    {
        while (true)
        {
            if (_kept.Has(cluster))
            {
                _kept.Read(offset, piece.Span);
                return;
            }

            if (Volatile.Read(ref _next) is { } next)
            {
                await next.ReadAsync(offset, piece, cancel).ConfigureAwait(false);
                return;
            }

            await _origin.Disk.ReadAsync(offset, piece, cancel).ConfigureAwait(false);

            // What has been overwritten meanwhile was kept before, here or in an epoch that has begun since.
            if (!_kept.Has(cluster) && Volatile.Read(ref _next) is null) return;
        }
    }
}
