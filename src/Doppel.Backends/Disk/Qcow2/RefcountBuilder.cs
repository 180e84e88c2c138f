using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Writes a refcount table and all its blocks anew, behind everything that is used. Nothing refers to them before the header does.</summary>
internal static class RefcountBuilder
{
    /// <param name="store">The image.</param>
    /// <param name="header">Says how large clusters and counts are.</param>
    /// <param name="start">The first cluster that is free to the end.</param>
    /// <param name="count">References to each cluster before that.</param>
    /// <returns>The header that names the new table.</returns>
    public static Qcow2Header Write(ImageStore store, Qcow2Header header, long start, Func<long, ulong> count)
    {
        int bits = header.ClusterBits;
        long perBlock = 8L * header.ClusterSize >> header.RefcountOrder;
        long blocks = 0, tableClusters = 0, end = start;
        while (true)
        {
            end = start + tableClusters + blocks;
            long neededBlocks = (end + perBlock - 1) / perBlock;
            long neededClusters = (8 * neededBlocks + header.ClusterSize - 1) >> bits;
            if (neededBlocks <= blocks && neededClusters <= tableClusters) break;
            (blocks, tableClusters) = (Math.Max(blocks, neededBlocks), Math.Max(tableClusters, neededClusters));
            if (blocks * 8 > Qcow2Header.MaxRefcountTableBytes) throw new DoppelException(ErrorKind.Failed, $"{store.Path}: the file is too large for clusters of {header.ClusterSize} bytes", "larger clusters");
        }

        ulong[] table = new ulong[tableClusters << (bits - 3)];
        ulong largest = RefcountBlock.Largest(header.RefcountOrder);
        for (long i = 0; i < blocks; i++)
        {
            long offset = (start + tableClusters + i) << bits;
            var block = new RefcountBlock((int)i, offset, new byte[header.ClusterSize], header.RefcountOrder);
            for (long cluster = i * perBlock; cluster < Math.Min(end, (i + 1) * perBlock); cluster++)
            {
                ulong references = cluster >= start ? 1 : count(cluster);
                if (references > largest) throw new DoppelException(ErrorKind.Corrupt, $"{store.Path}: cluster {cluster} has {references} references, more than counts of {header.RefcountBits} bits can say");
                if (references != 0) block[(int)(cluster - i * perBlock)] = references;
            }

            store.Write(offset, block.Bytes);
            table[i] = (ulong)offset;
        }

        store.Write(start << bits, L2Table.Encode(table));
        return header with { RefcountTableOffset = start << bits, RefcountTableClusters = (int)tableClusters };
    }
}
