using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Writes headers: the whole first cluster, or single fields in place.</summary>
internal static class Qcow2HeaderWriter
{
    private const int FeatureEntry = 48;

    /// <summary>Names of all features that there are, as images carry them for programs that do not know them.</summary>
    public static Qcow2Extension FeatureNames { get; } = new(Qcow2Extension.FeatureNames, NameTable(
        (0, 0, "dirty bit"), (0, 1, "corrupt bit"), (0, 2, "external data file"), (0, 3, "compression type"), (0, 4, "extended L2 entries"),
        (1, 0, "lazy refcounts"), (2, 0, "bitmaps"), (2, 1, "raw external data")));

    /// <summary>The bytes of the first cluster: header, extensions, name of the backing file.</summary>
    /// <exception cref="DoppelException">There is no room for them.</exception>
    public static byte[] ToCluster(Qcow2Header header, string path)
    {
        byte[] cluster = new byte[header.ClusterSize];
        U32(0, Qcow2Header.Magic);
        U32(4, (uint)header.Version);
        U32(20, (uint)header.ClusterBits);
        U64(24, (ulong)header.Size);
        U32(36, (uint)header.L1Size);
        U64(40, (ulong)header.L1Offset);
        U64(48, (ulong)header.RefcountTableOffset);
        U32(56, (uint)header.RefcountTableClusters);
        U32(60, (uint)header.SnapshotCount);
        U64(64, (ulong)header.SnapshotsOffset);
        if (header.Version >= 3)
        {
            U64(72, (ulong)header.Incompatible);
            U64(80, (ulong)header.Compatible);
            U64(88, (ulong)header.Autoclear);
            U32(96, (uint)header.RefcountOrder);
            U32(100, (uint)header.HeaderLength);
            if (header.HeaderLength > Qcow2Header.CompressionTypeOffset) cluster[Qcow2Header.CompressionTypeOffset] = (byte)header.CompressionType;
            if (Qcow2Header.FullLength + header.UnknownFields.Length <= cluster.Length) header.UnknownFields.CopyTo(cluster, Qcow2Header.FullLength);
        }

        byte[] name = Encoding.UTF8.GetBytes(header.BackingName ?? "");
        int at = header.HeaderLength;
        int needed = at + header.Extensions.Sum(e => e.Size) + 8 + name.Length;
        if (needed > cluster.Length)
        {
            // What only helps others to explain goes first.
            if (header.Extensions.Any(e => e.Type == Qcow2Extension.FeatureNames)) return ToCluster(header.With(Qcow2Extension.FeatureNames, null), path);
            throw new DoppelException(ErrorKind.Usage, $"{path}: the header needs {needed} bytes, but a cluster has {cluster.Length}", "larger clusters, or a shorter name of the backing file");
        }

        foreach (Qcow2Extension extension in header.Extensions)
        {
            U32(at, extension.Type);
            U32(at + 4, (uint)extension.Data.Length);
            extension.Data.CopyTo(cluster, at + 8);
            at += extension.Size;
        }

        at += 8;
        if (name.Length > 0)
        {
            name.CopyTo(cluster, at);
            U64(8, (ulong)at);
            U32(16, (uint)name.Length);
        }

        return cluster;

        void U32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(offset), value);
        void U64(int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(offset), value);
    }

    /// <summary>Size of the disk and place of the L1 table, in one write.</summary>
    public static void WriteSizeAndL1(ImageStore store, Qcow2Header header)
    {
        Span<byte> fields = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(fields, (ulong)header.Size);
        BinaryPrimitives.WriteUInt32BigEndian(fields[12..], (uint)header.L1Size);
        BinaryPrimitives.WriteUInt64BigEndian(fields[16..], (ulong)header.L1Offset);
        store.Write(24, fields);
    }

    /// <summary>Place of the refcount table, in one write.</summary>
    public static void WriteRefcountTable(ImageStore store, Qcow2Header header)
    {
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(fields, (ulong)header.RefcountTableOffset);
        BinaryPrimitives.WriteUInt32BigEndian(fields[8..], (uint)header.RefcountTableClusters);
        store.Write(48, fields);
    }

    /// <summary>Place of the snapshot table, in one write.</summary>
    public static void WriteSnapshotTable(ImageStore store, Qcow2Header header)
    {
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(fields, (uint)header.SnapshotCount);
        BinaryPrimitives.WriteUInt64BigEndian(fields[4..], (ulong)header.SnapshotsOffset);
        store.Write(60, fields);
    }

    /// <summary>The features, in one write. Version 2 has none.</summary>
    public static void WriteFeatures(ImageStore store, Qcow2Header header)
    {
        if (header.Version < 3) return;
        Span<byte> fields = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(fields, (ulong)header.Incompatible);
        BinaryPrimitives.WriteUInt64BigEndian(fields[8..], (ulong)header.Compatible);
        BinaryPrimitives.WriteUInt64BigEndian(fields[16..], (ulong)header.Autoclear);
        store.Write(72, fields);
    }

    private static byte[] NameTable(params (byte Type, byte Bit, string Name)[] features)
    {
        byte[] table = new byte[features.Length * FeatureEntry];
        for (int i = 0; i < features.Length; i++)
        {
            table[i * FeatureEntry] = features[i].Type;
            table[i * FeatureEntry + 1] = features[i].Bit;
            Encoding.ASCII.GetBytes(features[i].Name, table.AsSpan(i * FeatureEntry + 2));
        }

        return table;
    }
}
