using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>
/// A disk whose content at a moment can be kept while it is written on: what is about to be overwritten is copied aside first, into a temporary file. As long as
/// nothing is kept it passes all calls on.
/// </summary>
/// <remarks>The file of the disk, or its uppermost layer, is always the disk as it is now; so whatever becomes of this process, no other program sees a half of it.</remarks>
public sealed partial class SnapshotDisk : IBlockBackend
{
    private readonly DiskLineage _lineage;
    private SharedDisk _origin;
    private DiskEpoch? _newest;

    /// <summary>Takes the disk over.</summary>
    public SnapshotDisk(IBlockBackend disk)
    {
        _origin = new SharedDisk(disk);
        _lineage = new DiskLineage(disk.Length);
        _isWritten = MayBeWritten(disk);
        if (disk is ScratchDisk scratch) _lineage.SetTo(scratch.Map);
    }

    public long Length => Origin.Length;

    public bool ReadOnly => Origin.ReadOnly;

    public int BlockSize => Origin.BlockSize;

    private IBlockBackend Origin => _origin.Disk;

    /// <summary>Keeps the content as it is now. Only while no call is under way.</summary>
    public FrozenDisk Freeze()
    {
        var epoch = new DiskEpoch(_origin, _lineage, LastingLayers());
        if (_newest is { } before && before.TryShare())
        {
            before.EndWith(epoch);
            before.Release();
        }

        _newest = epoch;
        if (BeginsLayer) BeginLayer();
        return new FrozenDisk(epoch);
    }

    /// <summary>
    /// Whether <see cref="RestoreAsync"/> can do it: with what was kept of this disk, or what is stored; a disk in temporary files can become any other, too.
    /// </summary>
    public bool CanRestore(FrozenDisk content) => content.Length == Length && (Origin is ScratchDisk || content.Moment is not DiskEpoch epoch || epoch.IsOf(_origin));

    /// <summary>Makes the content what it was. Only while no call is under way. What was kept remains.</summary>
    /// <exception cref="IOException">The host could not do it; the disk may hold a mixture.</exception>
    /// <exception cref="Core.Errors.DoppelException">The stored content is damaged; the disk may hold a mixture.</exception>
    public async Task RestoreAsync(FrozenDisk content)
    {
        if (!CanRestore(content)) throw new ArgumentException("The content is of another disk.", nameof(content));
        if (Origin is ScratchDisk)
        {
            // A disk in temporary files need not be written back: a new one begins. The old one remains for those who have kept a moment of it.
            SharedDisk old = _origin;
            _origin = new SharedDisk(new ScratchDisk(content));
            _newest = null;
            await old.ReleaseAsync().ConfigureAwait(false);
        }
        else
        {
            bool isChanged = false;
            if (content.Moment is DiskEpoch epoch)
            {
                await epoch.RevertAsync((offset, data) =>
                {
                    isChanged = true;
                    return WriteAsync(offset, data);
                }).ConfigureAwait(false);
            }
            else
            {
                isChanged = await RewriteAsync(content).ConfigureAwait(false);
            }

            // To have nothing made safe takes the host its time, too, and the machine stands still.
            if (isChanged) await FlushAsync().ConfigureAwait(false);
        }

        _lineage.SetTo(content.Map);
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default) => Origin.ReadAsync(offset, buffer, cancel);

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) =>
        ChangeAsync(offset, data.Length, () => Origin.WriteAsync(offset, data, cancel), cancel);

    public async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (_unsealed is { } below) await below.Disk.FlushAsync(cancel).ConfigureAwait(false);
        await Origin.FlushAsync(cancel).ConfigureAwait(false);
    }

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) =>
        ChangeAsync(offset, length, () => Origin.DiscardAsync(offset, length, cancel), cancel);

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) =>
        ChangeAsync(offset, length, () => Origin.WriteZeroesAsync(offset, length, mayUnmap, cancel), cancel);

    /// <summary>Closes the disk, or leaves that to the last one who has kept a moment of it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_prepared is { } layer) await layer.DisposeAsync().ConfigureAwait(false);
        await _origin.ReleaseAsync().ConfigureAwait(false);
        await ReleaseUnsealedAsync().ConfigureAwait(false);
    }

    /// <summary>Writes what differs from stored content, of that which may differ as far as is known.</summary>
    /// <returns>Whether anything may; also if it did not: somebody may have written it just now who did not come to flush it.</returns>
    private async Task<bool> RewriteAsync(FrozenDisk content)
    {
        bool isChanged = false;
        byte[] wanted = new byte[ClusterStore.ClusterSize];
        byte[] present = new byte[ClusterStore.ClusterSize];
        foreach (DiskExtent extent in content.Map.Differences(_lineage.Take()))
        {
            isChanged = true;
            for (long cluster = extent.Cluster; cluster < extent.End; cluster++)
            {
                long offset = cluster * ClusterStore.ClusterSize;
                int size = (int)Math.Min(ClusterStore.ClusterSize, Length - offset);
                await content.ReadAsync(offset, wanted.AsMemory(0, size)).ConfigureAwait(false);
                await ReadAsync(offset, present.AsMemory(0, size)).ConfigureAwait(false);
                if (wanted.AsSpan(0, size).SequenceEqual(present.AsSpan(0, size))) continue;
                if (wanted.AsSpan(0, size).ContainsAnyExcept((byte)0)) await WriteAsync(offset, wanted.AsMemory(0, size)).ConfigureAwait(false);
                else await WriteZeroesAsync(offset, size, mayUnmap: true).ConfigureAwait(false);
            }
        }

        return isChanged;
    }

    private ValueTask ChangeAsync(long offset, long length, Func<ValueTask> change, CancellationToken cancel)
    {
        if (!_isWritten) _isWritten = true;
        if (length > 0 && offset >= 0 && length <= Length - offset) _lineage.Mark(offset, length);
        if (_newest is not { } epoch || length <= 0 || !epoch.TryShare()) return change();
        return KeepAndChangeAsync(epoch, offset, length, change, cancel);
    }

    private async ValueTask KeepAndChangeAsync(DiskEpoch epoch, long offset, long length, Func<ValueTask> change, CancellationToken cancel)
    {
        try
        {
            DiskRange.Check(offset, length, Length);
            await epoch.KeepAsync(offset, length, cancel).ConfigureAwait(false);
            await change().ConfigureAwait(false);
        }
        finally
        {
            epoch.Release();
        }
    }
}
