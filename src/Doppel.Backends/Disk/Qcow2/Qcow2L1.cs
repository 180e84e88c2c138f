namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Places for whole tables, while nothing else uses the image.</summary>
internal readonly struct Qcow2L1(Qcow2Image image)
{
    /// <summary>Writes an L1 table to a new place, with everything that it needs to be counted; durable when it returns, but not named by the header.</summary>
    /// <returns>Where it is.</returns>
    public long Place(ulong[] l1) => PlaceBytes(L2Table.Encode(l1), "the L1 table");

    /// <inheritdoc cref="Place"/>
    public long PlaceBytes(byte[] bytes, string what)
    {
        int bits = image.Header.ClusterBits;
        long clusters = (bytes.Length + image.Header.ClusterSize - 1L) >> bits;
        long first;
        lock (image.Sync)
        {
            first = image.Refcounts.Allocate(clusters);
            image.Metadata.Claim(first << bits, bytes.Length, what);
        }

        image.Commit.Run(withRefcounts: true);
        image.Store.Write(first << bits, bytes);
        image.Store.Flush();
        return first << bits;
    }
}
