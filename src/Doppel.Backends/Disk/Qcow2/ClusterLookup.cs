using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Where a piece of the disk is stored. Takes the image's lock only to bring a table into memory.</summary>
internal static class ClusterLookup
{
    /// <summary>The longest piece at the offset that is stored alike and in one piece, of at most so many bytes and within one L2 table.</summary>
    public static Piece Find(Qcow2Image image, long offset, long most)
    {
        Qcow2Header header = image.Header;
        long perTable = header.BytesPerL2;
        int index = (int)(offset / perTable);
        most = Math.Min(most, perTable - offset % perTable);
        L2Table? table = image.L2.Find(index);
        if (table is null)
        {
            if (L2Entry.Offset(Volatile.Read(ref image.L2.L1[index])) != 0)
            {
                lock (image.Sync) table = image.L2.Load(index);
            }

            if (table is null) return new Piece(BlockExtentKind.Unallocated, 0, most, false, 0);
        }

        table.IsUsed = true;
        while (true)
        {
            int version = table.Version;
            if ((version & 1) == 0)
            {
                Piece piece = Find(header, table, offset % perTable, most);
                Volatile.ReadBarrier();
                if (table.Version == version) return piece;
            }

            Thread.SpinWait(1);
        }
    }

    private static Piece Find(Qcow2Header header, L2Table table, long offset, long most)
    {
        int unitBits = header.ClusterBits - (header.ExtendedL2 ? 5 : 0);
        Piece first = Unit(header, table, offset);
        long length = (1L << unitBits) - (offset & ((1L << unitBits) - 1));
        if (first.Kind == BlockExtentKind.Compressed) return first with { Length = Math.Min(most, header.ClusterSize - (offset & (header.ClusterSize - 1))) };
        while (length < most)
        {
            Piece next = Unit(header, table, offset + length);
            if (next.Kind != first.Kind || next.IsExclusive != first.IsExclusive || first.Kind == BlockExtentKind.Data && next.Host != first.Host + length) break;
            length += 1L << unitBits;
        }

        return first with { Length = Math.Min(length, most) };
    }

    /// <summary>What is at one offset of a table.</summary>
    private static Piece Unit(Qcow2Header header, L2Table table, long offset)
    {
        int index = (int)(offset >> header.ClusterBits);
        long inCluster = offset & (header.ClusterSize - 1);
        ulong entry = table.Words[header.ExtendedL2 ? 2 * index : index];
        if (L2Entry.IsCompressed(entry)) return new Piece(BlockExtentKind.Compressed, 0, 0, false, entry);
        long host = L2Entry.Offset(entry);
        BlockExtentKind kind;
        if (header.ExtendedL2)
        {
            ulong bits = table.Words[2 * index + 1] >> (int)(inCluster >> (header.ClusterBits - 5));
            kind = (bits & 1) != 0 ? BlockExtentKind.Data : (bits >> 32 & 1) != 0 ? BlockExtentKind.Zero : BlockExtentKind.Unallocated;
        }
        else
        {
            kind = (entry & L2Entry.Zero) != 0 ? BlockExtentKind.Zero : host != 0 ? BlockExtentKind.Data : BlockExtentKind.Unallocated;
        }

        return kind == BlockExtentKind.Data
            ? new Piece(kind, host + inCluster, 0, table.IsExclusive && (entry & L2Entry.Copied) != 0, 0)
            : new Piece(kind, 0, 0, false, 0);
    }
}
