using System.Buffers;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Unpacks compressed clusters, and keeps the last one, because readers come back for its other parts.</summary>
internal sealed class CompressedClusters(Qcow2Image image)
{
    private readonly Lock _lock = new();
    private readonly byte[] _last = new byte[image.Header.ClusterSize];
    private ulong _lastEntry;
    private int _lastGeneration = -1;

    /// <summary>Fills the buffer from that place of the cluster.</summary>
    /// <exception cref="Core.Errors.DoppelException">The data is damaged.</exception>
    public void Read(ulong entry, int at, Span<byte> buffer)
    {
        // Once a place has been given up, other data may come there under the same entry.
        int generation = image.Generation;
        lock (_lock)
        {
            if (entry == _lastEntry && _lastGeneration == generation)
            {
                _last.AsSpan(at, buffer.Length).CopyTo(buffer);
                return;
            }
        }

        byte[] cluster = ArrayPool<byte>.Shared.Rent(image.Header.ClusterSize);
        try
        {
            Span<byte> whole = cluster.AsSpan(0, image.Header.ClusterSize);
            Unpack(entry, whole);
            whole.Slice(at, buffer.Length).CopyTo(buffer);
            lock (_lock)
            {
                whole.CopyTo(_last);
                (_lastEntry, _lastGeneration) = (entry, generation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(cluster);
        }
    }

    private void Unpack(ulong entry, Span<byte> cluster)
    {
        (long offset, int length) = L2Entry.CompressedPlace(entry, image.Header.ClusterBits);
        byte[] packed = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            image.Store.Read(offset, packed.AsSpan(0, length));
            // The entry counts sectors: behind the data there may be that of others.
            if (!image.Codec.TryUnpack(new ArraySegment<byte>(packed, 0, length), cluster)) throw Qcow2Errors.Corrupt(image.Store.Path, $"the compressed data at 0x{offset:x} cannot be unpacked");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }
}
