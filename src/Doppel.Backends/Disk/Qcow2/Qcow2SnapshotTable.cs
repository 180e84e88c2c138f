// QEMU, docs/interop/qcow2: "Snapshots".
using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>The directory of the snapshots in an image.</summary>
internal static class Qcow2SnapshotTable
{
    private const int FixedLength = 40;
    private const int KnownExtra = 16;
    private const int MaxExtra = 1024;

    /// <exception cref="DoppelException">It is damaged.</exception>
    public static IReadOnlyList<Qcow2Snapshot> Read(ImageStore store, Qcow2Header header)
    {
        var snapshots = new List<Qcow2Snapshot>();
        long at = header.SnapshotsOffset;
        Span<byte> head = stackalloc byte[FixedLength];
        for (int i = 0; i < header.SnapshotCount; i++)
        {
            if (store.Read(at, head) < FixedLength) throw Corrupt("the snapshot table is beyond the end of the file");
            int idLength = BinaryPrimitives.ReadUInt16BigEndian(head[12..]);
            int nameLength = BinaryPrimitives.ReadUInt16BigEndian(head[14..]);
            uint extra = BinaryPrimitives.ReadUInt32BigEndian(head[36..]);
            if (extra > MaxExtra) throw Corrupt($"snapshot {i} has {extra} bytes of extra data");
            byte[] rest = new byte[extra + idLength + nameLength];
            if (store.Read(at + FixedLength, rest) < rest.Length) throw Corrupt("the snapshot table is beyond the end of the file");
            snapshots.Add(Parse(head, rest.AsSpan(0, (int)extra), rest.AsSpan((int)extra, idLength), rest.AsSpan((int)extra + idLength), i));
            at += (FixedLength + rest.Length + 7) / 8 * 8;
        }

        return snapshots;

        DoppelException Corrupt(string what) => Qcow2Errors.Corrupt(store.Path, what);

        Qcow2Snapshot Parse(Span<byte> head, Span<byte> extra, Span<byte> id, Span<byte> name, int index)
        {
            ulong offset = BinaryPrimitives.ReadUInt64BigEndian(head);
            uint size = BinaryPrimitives.ReadUInt32BigEndian(head[8..]);
            if (size > Qcow2Header.MaxL1Bytes / 8 || offset % (ulong)header.ClusterSize != 0 || offset == 0 || offset > (ulong)store.Length || 8UL * size > (ulong)store.Length - offset)
                throw Corrupt($"the L1 table of snapshot {index} has {size} entries at 0x{offset:x}");
            return new Qcow2Snapshot
            {
                Id = Encoding.UTF8.GetString(id),
                Name = Encoding.UTF8.GetString(name),
                L1Offset = (long)offset,
                L1Size = (int)size,
                Taken = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(head[16..])).AddTicks(BinaryPrimitives.ReadUInt32BigEndian(head[20..]) / 100),
                GuestTime = BinaryPrimitives.ReadUInt64BigEndian(head[24..]),
                StateSize = extra.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(extra) : BinaryPrimitives.ReadUInt32BigEndian(head[32..]),
                DiskSize = extra.Length >= KnownExtra ? BinaryPrimitives.ReadUInt64BigEndian(extra[8..]) : 0,
                Unknown = extra.Length > KnownExtra ? extra[KnownExtra..].ToArray() : [],
            };
        }
    }

    public static byte[] ToBytes(IReadOnlyList<Qcow2Snapshot> snapshots)
    {
        byte[] table = new byte[Size(snapshots)];
        int at = 0;
        foreach (Qcow2Snapshot snapshot in snapshots)
        {
            Span<byte> entry = table.AsSpan(at, EntrySize(snapshot));
            byte[] id = Encoding.UTF8.GetBytes(snapshot.Id);
            byte[] name = Encoding.UTF8.GetBytes(snapshot.Name);
            BinaryPrimitives.WriteUInt64BigEndian(entry, (ulong)snapshot.L1Offset);
            BinaryPrimitives.WriteUInt32BigEndian(entry[8..], (uint)snapshot.L1Size);
            BinaryPrimitives.WriteUInt16BigEndian(entry[12..], (ushort)id.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[14..], (ushort)name.Length);
            BinaryPrimitives.WriteUInt32BigEndian(entry[16..], (uint)snapshot.Taken.ToUnixTimeSeconds());
            BinaryPrimitives.WriteUInt32BigEndian(entry[20..], (uint)(snapshot.Taken.Ticks % TimeSpan.TicksPerSecond * 100));
            BinaryPrimitives.WriteUInt64BigEndian(entry[24..], snapshot.GuestTime);
            BinaryPrimitives.WriteUInt32BigEndian(entry[32..], snapshot.StateSize <= uint.MaxValue ? (uint)snapshot.StateSize : 0);
            BinaryPrimitives.WriteUInt32BigEndian(entry[36..], (uint)(KnownExtra + snapshot.Unknown.Length));
            BinaryPrimitives.WriteUInt64BigEndian(entry[40..], snapshot.StateSize);
            BinaryPrimitives.WriteUInt64BigEndian(entry[48..], snapshot.DiskSize);
            snapshot.Unknown.CopyTo(entry[56..]);
            id.CopyTo(entry[(56 + snapshot.Unknown.Length)..]);
            name.CopyTo(entry[(56 + snapshot.Unknown.Length + id.Length)..]);
            at += entry.Length;
        }

        return table;
    }

    /// <summary>Bytes of the table as we write it; as others wrote it, it is no longer than that.</summary>
    public static int Size(IReadOnlyList<Qcow2Snapshot> snapshots) => snapshots.Sum(EntrySize);

    private static int EntrySize(Qcow2Snapshot snapshot) =>
        (FixedLength + KnownExtra + snapshot.Unknown.Length + Encoding.UTF8.GetByteCount(snapshot.Id) + Encoding.UTF8.GetByteCount(snapshot.Name) + 7) / 8 * 8;
}
