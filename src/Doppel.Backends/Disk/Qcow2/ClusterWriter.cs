namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Writes through the tables. What is the image's own is written in place without a lock; for the rest clusters are taken under the lock, filled without it, and
/// named by the tables under the lock again. Other requests for the same clusters wait meanwhile.
/// </summary>
internal sealed class ClusterWriter(Qcow2Image image, ClusterReader reader, ClusterClaims claims)
{
    /// <summary>Within a request.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            Piece piece = ClusterLookup.Find(image, offset, data.Length);
            int done;
            if (piece.IsExclusive)
            {
                done = (int)piece.Length;
                image.BeginWriting();
                image.Store.Write(piece.Host, data[..done]);
            }
            else
            {
                done = Allocate(offset, data);
            }

            data = data[done..];
            offset += done;
        }
    }

    /// <returns>How much has been written; 0 if it can be written in place meanwhile.</returns>
    private int Allocate(long offset, ReadOnlySpan<byte> data)
    {
        NewClusters run;
        lock (image.Sync)
        {
            long step = Math.Min(data.Length, Qcow2Limits.WriteStep);
            claims.WaitFor(image, offset, step);
            if (ClusterLookup.Find(image, offset, data.Length).IsExclusive) return 0;
            run = Plan(offset, step);
            claims.Add(run);
        }

        try
        {
            image.BeginWriting();
            Fill(run, data[..run.Length]);
        }
        catch
        {
            lock (image.Sync)
            {
                // Nothing names these clusters, so they are free at once.
                if (!run.IsReuse) image.Refcounts.Release(run.HostFirst, run.Count);
                claims.Remove(image, run);
            }

            throw;
        }

        lock (image.Sync)
        {
            try
            {
                Link(run);
            }
            finally
            {
                claims.Remove(image, run);
            }
        }

        return run.Length;
    }

    /// <summary>The clusters at the offset that need a new place, and places for them; or one that has a place, which does not count yet.</summary>
    private NewClusters Plan(long offset, long length)
    {
        Qcow2Header header = image.Header;
        int bits = header.ClusterBits;
        L2Table table = image.L2.LoadForWrite((int)(offset / header.BytesPerL2));
        int first = (int)(offset % header.BytesPerL2 >> bits);
        int last = (int)Math.Min(header.L2Entries - 1, (offset % header.BytesPerL2 + length - 1) >> bits);
        if (IsReusable(table, first))
        {
            // Subclusters further on that are there already may be written in place meanwhile.
            length = Math.Min(length, ClusterLookup.Find(image, offset, length).Length);
            return Run(1, L2Entry.Offset(Entry(table, first)) >> bits, isReuse: true);
        }

        int count = 1;
        while (first + count <= last && NeedsPlace(table, first + count)) count++;
        long fileLength = image.Store.Length;
        long place = image.Refcounts.Allocate(count);
        return Run(count, place, isReuse: false) with { IsFresh = place << bits >= fileLength };

        NewClusters Run(int clusters, long host, bool isReuse)
        {
            int end = (int)Math.Min(length, ((long)clusters << bits) - (offset & (header.ClusterSize - 1)));
            return new NewClusters(offset >> bits, clusters, host, offset, end, isReuse, IsFresh: false);
        }
    }

    /// <summary>Writes the data, and around it what was in the rest of its clusters.</summary>
    private void Fill(NewClusters run, ReadOnlySpan<byte> data)
    {
        Qcow2Header header = image.Header;
        long host = (run.HostFirst << header.ClusterBits) + (run.Offset - (run.First << header.ClusterBits));
        (long start, long end) = Extent(run);
        Copy(run, start, host - (run.Offset - start), run.Offset - start);
        image.Store.Write(host, data);
        Copy(run, run.Offset + run.Length, host + run.Length, end - (run.Offset + run.Length));
    }

    /// <summary>What of the disk gets into the new place: whole clusters, or whole subclusters if nothing else was in the cluster.</summary>
    private (long Start, long End) Extent(NewClusters run)
    {
        Qcow2Header header = image.Header;
        long end = run.Offset + run.Length;
        return (Down(run.Offset, UnitOf(run, run.Offset)), Down(end - 1, UnitOf(run, end - 1)) + UnitOf(run, end - 1));

        static long Down(long value, long unit) => value & ~(unit - 1);
        long UnitOf(NewClusters whole, long at) => header.ExtendedL2 && (whole.IsReuse || !HasData(at >> header.ClusterBits)) ? header.ClusterSize / L2Entry.Subclusters : header.ClusterSize;
    }

    private void Copy(NewClusters run, long offset, long host, long length)
    {
        if (length == 0 || run.IsFresh && reader.IsZero(offset, Math.Min(length, DiskEnd(offset)))) return;
        byte[] old = System.Buffers.ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            // The last cluster may be larger than what is left of the disk.
            int there = (int)Math.Min(length, DiskEnd(offset));
            reader.Read(offset, old.AsSpan(0, there));
            old.AsSpan(there, (int)length - there).Clear();
            image.Store.Write(host, old.AsSpan(0, (int)length));
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(old);
        }
    }

    private long DiskEnd(long offset) => Math.Max(0, image.Header.Size - offset);

    /// <summary>The tables name the new clusters; what they named before is given back.</summary>
    private void Link(NewClusters run)
    {
        Qcow2Header header = image.Header;
        L2Table table = image.L2.LoadForWrite((int)(run.Offset / header.BytesPerL2));
        int first = (int)(run.First % header.L2Entries);
        (long start, long end) = Extent(run);
        table.BeginChange();
        for (int i = 0; i < run.Count; i++)
        {
            ulong old = Entry(table, first + i);
            ulong entry = (ulong)(run.HostFirst + i) << header.ClusterBits | L2Entry.Copied;
            if (!run.IsReuse)
            {
                (long place, long count) = L2Entry.HostClusters(old, header.ClusterBits);
                image.Free(place, count, punch: false);
            }

            if (header.ExtendedL2)
            {
                ulong bitmap = L2Entry.IsCompressed(old) ? 0 : table.Words[2 * (first + i) + 1];
                ulong touched = Touched((run.First + i) << header.ClusterBits, start, end);
                table.Words[2 * (first + i)] = entry;
                table.Words[2 * (first + i) + 1] = (bitmap | touched) & ~(touched << L2Entry.Subclusters);
            }
            else
            {
                table.Words[first + i] = entry;
            }
        }

        table.EndChange();
    }

    /// <summary>The subclusters of a cluster that lie in a range of the disk.</summary>
    private ulong Touched(long cluster, long start, long end)
    {
        int bits = image.Header.ClusterBits - 5;
        int from = (int)Math.Clamp((start - cluster) >> bits, 0, L2Entry.Subclusters);
        int to = (int)Math.Clamp((end - cluster) >> bits, 0, L2Entry.Subclusters);
        return to > from ? ((1UL << (to - from)) - 1) << from : 0;
    }

    private ulong Entry(L2Table table, int index) => table.Words[image.Header.ExtendedL2 ? 2 * index : index];

    /// <summary>Whether the cluster has a place of its own that is not (wholly) in use.</summary>
    private bool IsReusable(L2Table table, int index)
    {
        ulong entry = Entry(table, index);
        return !L2Entry.IsCompressed(entry) && (entry & L2Entry.Copied) != 0;
    }

    /// <summary>Whether the cluster has no place that could be written.</summary>
    private bool NeedsPlace(L2Table table, int index) => !IsReusable(table, index);

    /// <summary>Whether the cluster has data in this layer, in whole or in part.</summary>
    private bool HasData(long cluster)
    {
        Qcow2Header header = image.Header;
        lock (image.Sync)
        {
            L2Table? table = image.L2.Load((int)(cluster / header.L2Entries));
            if (table is null) return false;
            int index = (int)(cluster % header.L2Entries);
            return L2Entry.IsCompressed(table.Words[2 * index]) || (uint)table.Words[2 * index + 1] != 0;
        }
    }
}

/// <summary>Clusters of the disk that a write gives a place.</summary>
/// <param name="First">The first cluster of the disk.</param>
/// <param name="HostFirst">The first cluster of the file.</param>
/// <param name="Offset">Where on the disk the data begins.</param>
/// <param name="Length">Bytes of data.</param>
/// <param name="IsReuse">They had that place already.</param>
/// <param name="IsFresh">Nothing has ever been written there.</param>
internal sealed record NewClusters(long First, int Count, long HostFirst, long Offset, int Length, bool IsReuse, bool IsFresh);
