using System.Buffers.Binary;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Follows every table of an image and compares what it finds with the reference counts. Reads only.</summary>
internal sealed class Qcow2Checker(ImageStore store, Qcow2Header header, IProgress<double>? progress = null, CancellationToken cancel = default)
{
    private readonly long _fileClusters = (store.Length + header.ClusterSize - 1) >> header.ClusterBits;

    /// <summary>What is read has been counted.</summary>
    private bool _isMarking;

    public Qcow2CheckResult Result { get; } = new();

    /// <summary>References to each cluster, those of the refcount structures left out.</summary>
    public ClusterCounts Counts { get; } = new();

    public void Run()
    {
        Result.TotalClusters = (header.Size + header.ClusterSize - 1) >> header.ClusterBits;
        Refer(0, 1, "the header");
        ulong[] active = Read(header.L1Offset, header.L1Size, "the L1 table");
        Walk(active, isActive: true);
        Snapshots();
        Bitmaps();
        progress?.Report(0.8);
        new Qcow2CountCheck(store, header, Counts, Result, cancel).Run();
        if (Result.Damages == 0) CheckMarks(active);
        progress?.Report(1);
    }

    /// <summary>Whether an entry that may be written in place is marked so, and no other.</summary>
    private void CheckMarks(ulong[] l1)
    {
        _isMarking = true;
        foreach (int i in Enumerable.Range(0, l1.Length).Where(i => l1[i] != 0))
        {
            cancel.ThrowIfCancellationRequested();
            Check(l1[i], $"entry {i} of the L1 table");
            ulong[] words = Read(L2Entry.Offset(l1[i]), header.ClusterSize / 8, "an L2 table");
            for (int j = 0; j < words.Length; j += header.ExtendedL2 ? 2 : 1)
            {
                if (!L2Entry.IsCompressed(words[j]) && L2Entry.Offset(words[j]) != 0) Check(words[j], $"entry {j} of L2 table {i}");
            }
        }

        void Check(ulong entry, string what)
        {
            uint count = Counts[L2Entry.Offset(entry) >> header.ClusterBits];
            if (((entry & L2Entry.Copied) != 0) != (count == 1)) Result.WrongCount($"{what} is {((entry & L2Entry.Copied) != 0 ? "" : "not ")}marked as the only one of {count}");
        }
    }

    private void Snapshots()
    {
        if (header.SnapshotCount == 0) return;
        IReadOnlyList<Qcow2Snapshot> snapshots;
        try
        {
            snapshots = Qcow2SnapshotTable.Read(store, header);
        }
        catch (Core.Errors.DoppelException exception)
        {
            Result.Damage(exception.Message);
            return;
        }

        Refer(header.SnapshotsOffset, Qcow2SnapshotTable.Size(snapshots), "the snapshot table");
        foreach (Qcow2Snapshot snapshot in snapshots) Walk(Read(snapshot.L1Offset, snapshot.L1Size, $"the L1 table of snapshot '{snapshot.Name}'"), isActive: false);
    }

    private void Walk(ulong[] l1, bool isActive)
    {
        var seen = new HashSet<ulong>();
        for (int i = 0; i < l1.Length; i++)
        {
            if (l1[i] == 0) continue;
            cancel.ThrowIfCancellationRequested();
            if (isActive) progress?.Report(0.8 * i / l1.Length);
            ulong offset = l1[i] & L2Entry.OffsetMask;
            if ((l1[i] & L2Entry.L1Reserved) != 0) Result.Damage($"entry {i} of an L1 table, 0x{l1[i]:x}, has reserved bits set");
            else if (offset == 0 || offset % (ulong)header.ClusterSize != 0) Result.Damage($"entry {i} of an L1 table, 0x{l1[i]:x}, is no place for a table");
            else if (!seen.Add(offset)) Result.Damage($"entry {i} of an L1 table, 0x{l1[i]:x}, names a table a second time");
            else WalkTable(Read((long)offset, header.ClusterSize / 8, $"L2 table {i}"), (long)offset, isActive);
        }
    }

    private void WalkTable(ulong[] words, long at, bool isActive)
    {
        int step = header.ExtendedL2 ? 2 : 1;
        for (int i = 0; i < words.Length; i += step)
        {
            ulong entry = words[i];
            ulong bitmap = step == 2 ? words[i + 1] : 0;
            if (entry == 0 && bitmap == 0) continue;
            if (Wrong(entry, bitmap) is { } what)
            {
                Result.Damage($"entry {i / step} of the L2 table at 0x{at:x}, 0x{entry:x}: {what}");
                continue;
            }

            (long first, long count) = L2Entry.HostClusters(entry, header.ClusterBits);
            if (isActive && (count != 0 || (entry & L2Entry.Zero) != 0 || bitmap != 0)) Result.AllocatedClusters++;
            if (isActive && L2Entry.IsCompressed(entry)) Result.CompressedClusters++;
            if (count != 0) Refer(first << header.ClusterBits, count << header.ClusterBits, $"entry {i / step} of the L2 table at 0x{at:x}");
        }
    }

    private string? Wrong(ulong entry, ulong bitmap)
    {
        if (L2Entry.IsCompressed(entry)) return (entry & L2Entry.Copied) != 0 ? "compressed and to be written in place" : null;
        if ((entry & L2Entry.StandardReserved) != 0) return "reserved bits are set";
        if ((entry & L2Entry.Zero) != 0 && (header.Version < 3 || header.ExtendedL2)) return "it is a zero cluster, which this image cannot have";
        long offset = L2Entry.Offset(entry);
        if (offset % header.ClusterSize != 0) return "its data is not at the start of a cluster";
        if (offset == 0 && ((entry & L2Entry.Copied) != 0 || (uint)bitmap != 0)) return "its data is nowhere";
        return ((uint)bitmap & (uint)(bitmap >> 32)) != 0 ? "a subcluster is there and reads as zeroes" : null;
    }

    /// <summary>Bitmaps count if nobody has written beside them; else they are nothing.</summary>
    private void Bitmaps()
    {
        if (!header.Autoclear.HasFlag(AutoclearFeature.Bitmaps)) return;
        byte[] extension = header.Extensions.First(e => e.Type == Qcow2Extension.Bitmaps).Data;
        if (extension.Length < 24)
        {
            Result.Damage("the bitmaps extension is too short");
            return;
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(extension);
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(extension.AsSpan(8));
        ulong offset = BinaryPrimitives.ReadUInt64BigEndian(extension.AsSpan(16));
        if (size > 64 << 20 || offset > (ulong)store.Length || offset % (ulong)header.ClusterSize != 0)
        {
            Result.Damage("the directory of the bitmaps is in an impossible place");
            return;
        }

        byte[] directory = new byte[size];
        store.Read((long)offset, directory);
        Refer((long)offset, (long)size, "the directory of the bitmaps");
        int at = 0;
        for (uint i = 0; i < count && at + 24 <= directory.Length; i++)
        {
            ulong table = BinaryPrimitives.ReadUInt64BigEndian(directory.AsSpan(at));
            uint entries = BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(at + 8));
            long length = 24L + BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan(at + 18)) + BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(at + 20));
            if (entries > Qcow2Header.MaxL1Bytes / 8 || table > long.MaxValue)
            {
                Result.Damage($"the table of bitmap {i} is in an impossible place");
                return;
            }

            foreach (ulong entry in Read((long)table, (int)entries, $"the table of bitmap {i}"))
            {
                if (L2Entry.Offset(entry) != 0) Refer(L2Entry.Offset(entry), header.ClusterSize, $"bitmap {i}");
            }

            at = (int)Math.Min(int.MaxValue - 64, at + (length + 7) / 8 * 8);
        }
    }

    /// <summary>A table, which is referred to by that.</summary>
    private ulong[] Read(long offset, int entries, string what)
    {
        byte[] bytes = new byte[8 * entries];
        if (entries == 0 || !_isMarking && !Refer(offset, bytes.Length, what)) return [];
        store.Read(offset, bytes);
        return L2Table.Decode(bytes);
    }

    /// <returns>False if it is beyond the end of the file.</returns>
    private bool Refer(long offset, long length, string what)
    {
        long first = offset >> header.ClusterBits;
        long last = (offset + length - 1) >> header.ClusterBits;
        if (offset < 0 || length < 0 || last >= _fileClusters)
        {
            Result.Damage($"{what}, at 0x{offset:x}, is beyond the end of the file");
            return false;
        }

        for (long cluster = first; cluster <= last; cluster++) Counts.Add(cluster);
        return true;
    }
}
