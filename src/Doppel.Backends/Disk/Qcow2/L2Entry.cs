// QEMU, docs/interop/qcow2: "Cluster mapping", "Extended L2 Entries".
namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Bits of the entries of L1 and L2 tables.</summary>
internal static class L2Entry
{
    /// <summary>The reference count is exactly one, so the table or cluster may be written in place.</summary>
    public const ulong Copied = 1UL << 63;

    public const ulong Compressed = 1UL << 62;

    /// <summary>The cluster reads as zeroes (version 3, without subclusters).</summary>
    public const ulong Zero = 1;

    public const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;

    public const int Subclusters = 32;

    /// <summary>All subclusters are in the host cluster.</summary>
    public const ulong AllAllocated = 0xffff_ffff;

    /// <summary>All subclusters read as zeroes.</summary>
    public const ulong AllZero = 0xffff_ffff_0000_0000;

    /// <summary>What must be 0 in entries of L1 tables.</summary>
    public const ulong L1Reserved = ~(Copied | OffsetMask);

    /// <summary>What must be 0 in entries of clusters that are not compressed.</summary>
    public const ulong StandardReserved = ~(Copied | Compressed | OffsetMask | Zero);

    public static bool IsCompressed(ulong entry) => (entry & Compressed) != 0;

    /// <summary>Where the host cluster is; 0 if there is none. Of clusters that are not compressed.</summary>
    public static long Offset(ulong entry) => (long)(entry & OffsetMask);

    /// <summary>Where compressed data lies: its first byte, and how many bytes to the end of its last sector.</summary>
    public static (long Offset, int Length) CompressedPlace(ulong entry, int clusterBits)
    {
        int split = 62 - (clusterBits - 8);
        long offset = (long)(entry & ((1UL << split) - 1));
        int sectors = (int)(entry >> split & ((1UL << (clusterBits - 8)) - 1)) + 1;
        return (offset, sectors * 512 - (int)(offset & 511));
    }

    /// <summary>The entry of compressed data; null if the place is too far for the format.</summary>
    public static ulong? OfCompressed(long offset, int length, int clusterBits)
    {
        int split = 62 - (clusterBits - 8);
        ulong further = (ulong)((offset + length - 1) / 512 - offset / 512);
        if ((ulong)offset >> Math.Min(split, 56) != 0 || further >> (clusterBits - 8) != 0) return null;
        return Compressed | further << split | (ulong)offset;
    }

    /// <summary>Host clusters that the entry refers to: the first, and how many; none for entries without any.</summary>
    public static (long First, long Count) HostClusters(ulong entry, int clusterBits)
    {
        if (!IsCompressed(entry)) return Offset(entry) == 0 ? (0, 0) : (Offset(entry) >> clusterBits, 1);
        (long offset, int length) = CompressedPlace(entry, clusterBits);
        long first = offset >> clusterBits;
        return (first, (offset + length - 1 >> clusterBits) - first + 1);
    }
}
