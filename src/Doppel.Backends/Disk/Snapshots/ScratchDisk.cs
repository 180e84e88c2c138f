using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>A disk that begins as what another one was, and keeps what is written to it in a temporary file: gone when it is closed.</summary>
public sealed class ScratchDisk : IBlockBackend
{
    private readonly FrozenDisk _base;
    private readonly ClusterStore _written;
    private readonly SemaphoreSlim _filling = new(1, 1);

    /// <param name="content">What to begin with; remains the caller's.</param>
    public ScratchDisk(FrozenDisk content)
    {
        _base = content.Share();
        _written = new ClusterStore(content.Length);
    }

    /// <summary>A scratch disk over one that is only read, and is closed with it.</summary>
    public static ScratchDisk Over(IBlockBackend disk)
    {
        var origin = new SnapshotDisk(disk);
        using FrozenDisk content = origin.Freeze();
        var scratch = new ScratchDisk(content);
        // What was frozen keeps it open, so this closes nothing and waits for nothing.
        origin.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return scratch;
    }

    public long Length => _base.Length;

    /// <summary>Where what it began with comes from.</summary>
    internal DiskMap Map => _base.Map;

    public bool ReadOnly => false;

    public int BlockSize => DiskRange.BlockSize;

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        while (!buffer.IsEmpty)
        {
            bool written = _written.Has(ClusterStore.ClusterOf(offset));
            int piece = Alike(offset, buffer.Length, written);
            if (written) _written.Read(offset, buffer.Span[..piece]);
            else await _base.ReadAsync(offset, buffer[..piece], cancel).ConfigureAwait(false);
            buffer = buffer[piece..];
            offset += piece;
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, data.Length, Length);
        return ForEachClusterAsync(offset, data.Length, (at, length) => _written.Write(at, data.Span.Slice((int)(at - offset), length)), cancel);
    }

    public ValueTask FlushAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => WriteZeroesAsync(offset, length, true, cancel);

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, length, Length);
        return ForEachClusterAsync(offset, length, _written.Clear, cancel);
    }

    public ValueTask DisposeAsync()
    {
        _written.Dispose();
        _base.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Puts something into every cluster of a range. A cluster that was not written before gets the rest of its bytes first.</summary>
    private async ValueTask ForEachClusterAsync(long offset, long length, Action<long, int> put, CancellationToken cancel)
    {
        long end = offset + length;
        while (offset < end)
        {
            long cluster = ClusterStore.ClusterOf(offset);
            (long start, int size) = _written.Range(cluster);
            int piece = (int)(Math.Min(end, start + size) - offset);
            if (_written.Has(cluster))
            {
                put(offset, piece);
            }
            else
            {
                await _filling.WaitAsync(cancel).ConfigureAwait(false);
                try
                {
                    if (piece < size && !_written.Has(cluster))
                    {
                        byte[] content = new byte[size];
                        await _base.ReadAsync(start, content, cancel).ConfigureAwait(false);
                        _written.Write(start, content);
                    }

                    put(offset, piece);
                    _written.Add(cluster);
                }
                finally
                {
                    _filling.Release();
                }
            }

            offset += piece;
        }
    }

    /// <summary>How many of the bytes from <paramref name="offset"/> on are all written, or all not.</summary>
    private int Alike(long offset, int length, bool written)
    {
        long end = offset + length;
        long next = (ClusterStore.ClusterOf(offset) + 1) * ClusterStore.ClusterSize;
        while (next < end && _written.Has(ClusterStore.ClusterOf(next)) == written) next += ClusterStore.ClusterSize;
        return (int)(Math.Min(next, end) - offset);
    }
}
