namespace Doppel.Backends.Disk.Snapshots;

/// <summary>A disk whose clusters lie in layers that somebody keeps.</summary>
internal sealed class StoredDisk(long length, DiskMap map, IDiskLayers layers) : DiskMoment
{
    public override long Length => length;

    public override DiskMap Map => map;

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        while (!buffer.IsEmpty)
        {
            DiskExtent extent = map.Within(ClusterStore.ClusterOf(offset), 1).First();
            int piece = (int)Math.Min(buffer.Length, (extent.End * ClusterStore.ClusterSize) - offset);
            if (extent.Layer == DiskMap.Zeroes) buffer.Span[..piece].Clear();
            else layers.Read(extent.Layer, offset, buffer.Span[..piece]);
            buffer = buffer[piece..];
            offset += piece;
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask<long> NextDataAsync(long offset, CancellationToken cancel)
    {
        while (offset < length)
        {
            // To the end of the clusters that come from the same layer.
            DiskExtent extent = map.Within(ClusterStore.ClusterOf(offset), map.Count - ClusterStore.ClusterOf(offset)).First();
            long end = Math.Min(extent.End * ClusterStore.ClusterSize, length);
            long data = extent.Layer == DiskMap.Zeroes ? end : layers.NextData(extent.Layer, offset);
            if (data < end) return ValueTask.FromResult(data);
            offset = end;
        }

        return ValueTask.FromResult(length);
    }

    protected override void Free() => layers.Dispose();
}

/// <summary>The layers of a disk in files, each with its clusters at the offsets that they have on the disk. Thread-safe.</summary>
public interface IDiskLayers : IDisposable
{
    /// <exception cref="IOException">The host could not read it.</exception>
    /// <exception cref="Core.Errors.DoppelException">It is damaged there.</exception>
    void Read(Guid layer, long offset, Span<byte> destination);

    /// <summary>The first byte at or behind an offset that may be other than zero; behind the end if there is none.</summary>
    long NextData(Guid layer, long offset);
}
