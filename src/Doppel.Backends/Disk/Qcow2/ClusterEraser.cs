namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Makes ranges read as zeroes, or as nothing in particular, by the tables where it can.</summary>
internal sealed class ClusterEraser(Qcow2Image image, ClusterReader reader, ClusterWriter writer, ClusterClaims claims)
{
    /// <summary>Zeroes are written in pieces of this size where the tables cannot say it.</summary>
    private const int Piece = 1 << 20;

    private static readonly byte[] Zeroes = new byte[Piece];

    /// <summary>Within a request.</summary>
    public void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel)
    {
        Qcow2Header header = image.Header;
        long unit = header.ClusterSize / (header.ExtendedL2 ? L2Entry.Subclusters : 1);
        long end = offset + length;
        long first = Math.Min(end, (offset + unit - 1) & ~(unit - 1));
        // What is beyond the end of the disk belongs to nobody.
        long last = end == header.Size ? end : Math.Max(first, end & ~(unit - 1));
        WriteOut(offset, first - offset, cancel);
        for (long at = first; at < last;)
        {
            cancel.ThrowIfCancellationRequested();
            long next = Math.Min(last, (at / header.BytesPerL2 + 1) * header.BytesPerL2);
            EraseInTable(at, next - at, mayUnmap, image.Backing is not null, cancel);
            at = next;
        }

        WriteOut(last, end - last, cancel);
    }

    /// <summary>Gives up whole clusters; parts of clusters stay as they are. Within a request.</summary>
    public void Discard(long offset, long length)
    {
        // Version 2 has no way to hide what is below.
        if (image.Header.Version >= 3 || image.Backing is null) GiveUp(offset, length, image.Backing is not null);
    }

    /// <summary>Gives up what lies beyond an end that the disk is about to get. Within a request.</summary>
    public void Cut(long length) => GiveUp(length, image.Header.Size - length, hidesBelow: false);

    /// <summary>Makes what the disk has got at its end zeroes: its last cluster may hold something else there, and so may the layer below. Within a request.</summary>
    public void Clear(long from, long to)
    {
        long cluster = image.Header.ClusterSize;
        long end = Math.Min(to, Math.Max((from + cluster - 1) / cluster * cluster, image.Backing?.Length ?? 0));
        if (end > from) WriteZeroes(from, end - from, mayUnmap: true, CancellationToken.None);
    }

    private void GiveUp(long offset, long length, bool hidesBelow)
    {
        Qcow2Header header = image.Header;
        long end = offset + length;
        long first = (offset + header.ClusterSize - 1) & ~(header.ClusterSize - 1L);
        long last = end == header.Size ? end : end & ~(header.ClusterSize - 1L);
        for (long at = first; at < last;)
        {
            long next = Math.Min(last, (at / header.BytesPerL2 + 1) * header.BytesPerL2);
            EraseInTable(at, next - at, mayUnmap: true, hidesBelow, CancellationToken.None);
            at = next;
        }
    }

    /// <summary>A range of one L2 table, in whole clusters or subclusters.</summary>
    private void EraseInTable(long offset, long length, bool mayUnmap, bool hidesBelow, CancellationToken cancel)
    {
        Qcow2Header header = image.Header;
        int bits = header.ClusterBits;
        if (hidesBelow && header.Version < 3)
        {
            WriteOut(offset, length, cancel);
            return;
        }

        var toWrite = new List<(long Offset, long Length)>();
        lock (image.Sync)
        {
            claims.WaitFor(image, offset, length);
            int index = (int)(offset / header.BytesPerL2);
            if (!hidesBelow && L2Entry.Offset(image.L2.L1[index]) == 0) return;
            L2Table table = image.L2.LoadForWrite(index);
            table.BeginChange();
            try
            {
                long end = offset + length;
                for (long at = offset; at < end;)
                {
                    long cluster = at & ~(header.ClusterSize - 1L);
                    long next = Math.Min(end, cluster + header.ClusterSize);
                    bool whole = at == cluster && (next == cluster + header.ClusterSize || next == header.Size);
                    int i = (int)(cluster % header.BytesPerL2 >> bits);
                    if (whole) Erase(table, i, mayUnmap, hidesBelow);
                    else if (!EraseSubclusters(table, i, at - cluster, next - cluster)) toWrite.Add((at, next - at));
                    at = next;
                }
            }
            finally
            {
                table.EndChange();
            }
        }

        foreach ((long at, long bytes) in toWrite) WriteOut(at, bytes, cancel);
    }

    private void Erase(L2Table table, int index, bool mayUnmap, bool hidesBelow)
    {
        Qcow2Header header = image.Header;
        bool extended = header.ExtendedL2;
        ref ulong entry = ref table.Words[extended ? 2 * index : index];
        bool keeps = !mayUnmap && header.Version >= 3 && (entry & L2Entry.Copied) != 0;
        bool isEmpty = entry == 0 && (!extended || table.Words[2 * index + 1] == 0);
        if (isEmpty && !hidesBelow) return;
        if (!keeps)
        {
            (long first, long count) = L2Entry.HostClusters(entry, header.ClusterBits);
            image.Free(first, count, punch: mayUnmap && !L2Entry.IsCompressed(entry));
            entry = 0;
        }

        bool zero = hidesBelow || keeps;
        if (extended) table.Words[2 * index + 1] = zero ? L2Entry.AllZero : 0;
        else if (zero) entry |= L2Entry.Zero;
    }

    /// <returns>False if the cluster has no subclusters because it is compressed.</returns>
    private bool EraseSubclusters(L2Table table, int index, long from, long to)
    {
        if (L2Entry.IsCompressed(table.Words[2 * index])) return false;
        int bits = image.Header.ClusterBits - 5;
        int first = (int)(from >> bits);
        int count = (int)((to - 1 >> bits) - first + 1);
        ulong mask = ((1UL << count) - 1) << first;
        ref ulong bitmap = ref table.Words[2 * index + 1];
        bitmap = bitmap & ~mask | mask << L2Entry.Subclusters;
        return true;
    }

    private void WriteOut(long offset, long length, CancellationToken cancel)
    {
        while (length > 0)
        {
            cancel.ThrowIfCancellationRequested();
            int part = (int)Math.Min(length, Piece);
            if (!reader.IsZero(offset, part)) writer.Write(offset, Zeroes.AsSpan(0, part));
            offset += part;
            length -= part;
        }
    }
}
