namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Writes clusters compressed as the image has it, one after another, several to a cluster of the file where counts allow it. For images that are being made: one caller
/// at a time, and clusters that are not there yet.
/// </summary>
internal sealed class Qcow2Compression(Qcow2Image image)
{
    /// <summary>Where the next bytes go, and how many are left there.</summary>
    private long _next;
    private long _left;

    /// <summary>Compresses one cluster; several threads may do so at a time.</summary>
    /// <returns>The bytes, or null if they would not be fewer.</returns>
    public byte[]? Compress(ReadOnlySpan<byte> cluster) => image.Codec.Pack(cluster);

    /// <summary>Writes what <see cref="Compress"/> made of the cluster at an offset of the disk. Within a request.</summary>
    /// <returns>False if there is no place that an entry can name, or something is there already.</returns>
    public bool Write(long offset, ReadOnlySpan<byte> packed)
    {
        Qcow2Header header = image.Header;
        int bits = header.ClusterBits;
        ulong entry;
        lock (image.Sync)
        {
            L2Table table = image.L2.LoadForWrite((int)(offset / header.BytesPerL2));
            int index = (int)(offset % header.BytesPerL2 >> bits) * (header.ExtendedL2 ? 2 : 1);
            if (table.Words[index] != 0) return false;
            long place = Take(packed.Length);
            if (L2Entry.OfCompressed(place, packed.Length, bits) is not { } made)
            {
                image.Refcounts.Release(place >> bits, (place + packed.Length - 1 >> bits) - (place >> bits) + 1);
                _left = 0;
                return false;
            }

            entry = made;
        }

        image.BeginWriting();
        image.Store.Write(L2Entry.CompressedPlace(entry, bits).Offset, packed);
        lock (image.Sync)
        {
            L2Table table = image.L2.LoadForWrite((int)(offset / header.BytesPerL2));
            table.BeginChange();
            table.Words[(int)(offset % header.BytesPerL2 >> bits) * (header.ExtendedL2 ? 2 : 1)] = entry;
            table.EndChange();
        }

        return true;
    }

    /// <summary>A place for so many bytes, with a reference for each cluster in which its sectors lie.</summary>
    private long Take(int length)
    {
        int bits = image.Header.ClusterBits;
        long cluster = image.Header.ClusterSize;
        if (_left > 0)
        {
            // Its sectors must not reach into what is not ours, so the rest is taken with the next cluster if that is free.
            bool shares = image.Refcounts[_next >> bits] is > 0 and var count && count < image.Refcounts.Largest;
            if (!shares) _left = 0;
            else if (length > _left && image.Refcounts.AllocateAt((_next >> bits) + 1, 1) == 1) return Use(length, cluster + _left);
            else if (length <= _left) return Use(length, _left);
        }

        long first = image.Refcounts.Allocate(1);
        _next = first << bits;
        _left = cluster;
        long place = _next;
        _next += length;
        _left -= length;
        return place;
    }

    private long Use(int length, long room)
    {
        long place = _next;
        image.Refcounts.Retain(place >> image.Header.ClusterBits, 1);
        _next = place + length;
        _left = room - length;
        return place;
    }
}
