using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Reads the tables that are kept in memory whole, and checks where they and the tables below them lie.</summary>
internal readonly struct Qcow2Tables(ImageStore store, Qcow2Header header)
{
    /// <summary>The refcount table; it and its blocks are noted in the map.</summary>
    public ulong[] ReadRefcountTable(MetadataMap metadata)
    {
        long bytes = (long)header.RefcountTableClusters << header.ClusterBits;
        ulong[] table = Read(header.RefcountTableOffset, (int)(bytes / 8));
        metadata.Claim(header.RefcountTableOffset, bytes, "the refcount table");
        for (int i = 0; i < table.Length; i++)
        {
            if (table[i] == 0) continue;
            CheckPlace(table[i], "refcount block", i);
            metadata.Claim((long)table[i], header.ClusterSize, $"refcount block {i}");
        }

        return table;
    }

    /// <summary>An L1 table, each entry of which is in its bounds.</summary>
    public ulong[] ReadL1(long offset, int entries)
    {
        ulong[] l1 = Read(offset, entries);
        for (int i = 0; i < l1.Length; i++)
        {
            if ((l1[i] & L2Entry.L1Reserved) != 0) throw Corrupt($"entry {i} of the L1 table, 0x{l1[i]:x}, has reserved bits set");
            if (L2Entry.Offset(l1[i]) != 0) CheckPlace(l1[i] & L2Entry.OffsetMask, "L2 table", i);
            else if (l1[i] != 0) throw Corrupt($"entry {i} of the L1 table, 0x{l1[i]:x}, is nowhere");
        }

        return l1;
    }

    public void ClaimL2Tables(ulong[] l1, MetadataMap metadata)
    {
        for (int i = 0; i < l1.Length; i++)
        {
            if (l1[i] != 0) metadata.Claim(L2Entry.Offset(l1[i]), header.ClusterSize, $"L2 table {i}");
        }
    }

    public void ClaimSnapshots(IReadOnlyList<Qcow2Snapshot> snapshots, MetadataMap metadata)
    {
        if (snapshots.Count == 0) return;
        metadata.Claim(header.SnapshotsOffset, Qcow2SnapshotTable.Size(snapshots), "the snapshot table");
        foreach (Qcow2Snapshot snapshot in snapshots) metadata.Claim(snapshot.L1Offset, 8L * snapshot.L1Size, $"the L1 table of snapshot '{snapshot.Name}'");
    }

    private ulong[] Read(long offset, int entries)
    {
        byte[] bytes = new byte[8 * entries];
        if (store.Read(offset, bytes) < bytes.Length) throw Corrupt($"the table at 0x{offset:x} is beyond the end of the file");
        return L2Table.Decode(bytes);
    }

    private void CheckPlace(ulong offset, string what, int index)
    {
        if (offset % (ulong)header.ClusterSize != 0 || offset < (ulong)header.ClusterSize) throw Corrupt($"{what} {index} is at 0x{offset:x}");
        if (offset >= (ulong)store.Length) throw Corrupt($"{what} {index}, at 0x{offset:x}, is beyond the end of the file");
    }

    private DoppelException Corrupt(string what) => Qcow2Errors.Corrupt(store.Path, what);
}
