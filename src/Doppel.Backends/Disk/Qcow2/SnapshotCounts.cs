namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Reference counts of everything that an L1 table leads to, while nothing else uses the image.</summary>
internal sealed class SnapshotCounts(Qcow2Image image)
{
    /// <summary>One reference more for each L2 table and each cluster. If one has as many as can be counted, none has more afterwards.</summary>
    public void Retain(ulong[] l1)
    {
        long done = 0;
        try
        {
            foreach ((long first, long count) in References(l1))
            {
                for (long cluster = first; cluster < first + count; cluster++, done++)
                {
                    if (cluster >= image.Refcounts.End) throw Qcow2Errors.Corrupt(image.Store.Path, $"cluster {cluster} is beyond the end of the file");
                    lock (image.Sync) image.Refcounts.Retain(cluster, 1);
                }

                image.Commit.RunIfFull();
            }
        }
        catch
        {
            foreach ((long first, long count) in References(l1))
            {
                for (long cluster = first; cluster < first + count && done > 0; cluster++, done--)
                {
                    lock (image.Sync) image.Refcounts.Release(cluster, 1);
                }

                if (done == 0) break;
            }

            throw;
        }
    }

    /// <summary>One reference less for each L2 table and each cluster.</summary>
    public void Release(ulong[] l1)
    {
        foreach ((long first, long count) in References(l1))
        {
            lock (image.Sync) image.Free(first, count, punch: false);
            image.Commit.RunIfFull();
        }
    }

    /// <summary>Marks in the active tables what has one reference now, and nothing else. Tables that others have, too, are not changed in what they mean.</summary>
    public void FixMarks()
    {
        // Counts that fall do so by a commit.
        image.Commit.Run(withRefcounts: true);
        image.Commit.Run(withRefcounts: true);
        Qcow2Header header = image.Header;
        ulong[] l1 = image.L2.L1;
        for (int index = 0; index < l1.Length; index++)
        {
            if (L2Entry.Offset(l1[index]) == 0) continue;
            lock (image.Sync)
            {
                ulong marked = Marked(l1[index]);
                if (marked != l1[index])
                {
                    l1[index] = marked;
                    image.L2.DirtyEntries.Add(index);
                }

                ulong[] words = Read(L2Entry.Offset(marked));
                bool changed = false;
                for (int i = 0; i < words.Length; i += header.ExtendedL2 ? 2 : 1)
                {
                    if (L2Entry.IsCompressed(words[i]) || L2Entry.Offset(words[i]) == 0) continue;
                    ulong right = Marked(words[i]);
                    changed |= right != words[i];
                    words[i] = right;
                }

                if (changed) image.Store.Write(L2Entry.Offset(marked), L2Table.Encode(words));
            }
        }

        image.Commit.Run(withRefcounts: true);
        lock (image.Sync) image.L2.Replace(l1);
    }

    private ulong Marked(ulong entry) =>
        image.Refcounts[L2Entry.Offset(entry) >> image.Header.ClusterBits] == 1 ? entry | L2Entry.Copied : entry & ~L2Entry.Copied;

    /// <summary>The clusters that each entry of the tables refers to, and those of the tables.</summary>
    private IEnumerable<(long First, long Count)> References(ulong[] l1)
    {
        int bits = image.Header.ClusterBits;
        foreach (ulong entry in l1)
        {
            if (L2Entry.Offset(entry) == 0) continue;
            ulong[] words = Read(L2Entry.Offset(entry));
            for (int i = 0; i < words.Length; i += image.Header.ExtendedL2 ? 2 : 1)
            {
                (long first, long count) = L2Entry.HostClusters(words[i], bits);
                if (count > 0) yield return (first, count);
            }

            yield return (L2Entry.Offset(entry) >> bits, 1);
        }
    }

    private ulong[] Read(long offset)
    {
        byte[] bytes = new byte[image.Header.ClusterSize];
        image.Store.Read(offset, bytes);
        return L2Table.Decode(bytes);
    }
}
