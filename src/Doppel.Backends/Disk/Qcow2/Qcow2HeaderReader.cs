using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Reads and checks headers, as hostile input: no field is used before it is known to be in its bounds.</summary>
internal static class Qcow2HeaderReader
{
    private const int FeatureEntry = 48;

    /// <param name="store">The image.</param>
    /// <param name="forCheck">Whether tables that are out of place are let through, for a check to tell of.</param>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Corrupt"/> if it is damaged, <see cref="ErrorKind.Failed"/> if it needs something that we do not have.</exception>
    public static Qcow2Header Read(ImageStore store, bool forCheck = false)
    {
        string path = store.Path;
        long fileLength = store.Length;
        byte[] start = new byte[Qcow2Header.FullLength];
        int there = store.Read(0, start);
        if (there < Qcow2Header.Version2Length || U32(start, 0) != Qcow2Header.Magic) throw Corrupt("it has no header");
        uint version = U32(start, 4);
        if (version is not (2 or 3)) throw Qcow2Errors.Unsupported(path, $"version {version} of qcow2 is not known; 2 and 3 are", $"qemu-img convert -O qcow2 {path} new.qcow2");
        uint clusterBits = U32(start, 20);
        if (clusterBits is < Qcow2Header.MinClusterBits or > Qcow2Header.MaxClusterBits) throw Corrupt($"clusters of 2^{clusterBits} bytes; {Qcow2Header.MinClusterBits} to {Qcow2Header.MaxClusterBits} bits are possible");
        int clusterSize = 1 << (int)clusterBits;
        if (version == 3 && there < Qcow2Header.Version3Length) throw Corrupt("its header is cut off");
        uint headerLength = version == 2 ? Qcow2Header.Version2Length : U32(start, 100);
        if (version == 3 && (headerLength < Qcow2Header.Version3Length || headerLength % 8 != 0 || headerLength > clusterSize || headerLength > fileLength)) throw Corrupt($"a header of {headerLength} bytes");

        byte[] cluster = new byte[Math.Min(clusterSize, fileLength)];
        store.Read(0, cluster);
        ulong incompatible = version == 2 ? 0 : U64(start, 72);
        List<Qcow2Extension> extensions = ReadExtensions();
        if ((incompatible & ~(ulong)(IncompatibleFeature.Dirty | IncompatibleFeature.Corrupt | IncompatibleFeature.ExternalData | IncompatibleFeature.CompressionType | IncompatibleFeature.ExtendedL2)) is var unknown and not 0)
            throw Qcow2Errors.Unsupported(path, $"the image needs what is not known here: {FeatureNames(unknown, extensions)}", $"qemu-img convert -O qcow2 {path} new.qcow2");

        var header = new Qcow2Header
        {
            Version = (int)version,
            ClusterBits = (int)clusterBits,
            Size = Signed(U64(start, 24), "the size of the disk"),
            L1Size = Count(U32(start, 36), Qcow2Header.MaxL1Bytes / 8, "entries in the L1 table"),
            L1Offset = Signed(U64(start, 40), "the place of the L1 table"),
            RefcountTableOffset = Signed(U64(start, 48), "the place of the refcount table"),
            RefcountTableClusters = Count(U32(start, 56), Math.Max(1, Qcow2Header.MaxRefcountTableBytes / clusterSize), "clusters of the refcount table"),
            SnapshotCount = Count(U32(start, 60), Qcow2Header.MaxSnapshots, "snapshots"),
            SnapshotsOffset = Signed(U64(start, 64), "the place of the snapshot table"),
            Incompatible = (IncompatibleFeature)incompatible,
            Compatible = version == 2 ? 0 : (CompatibleFeature)U64(start, 80),
            Autoclear = version == 2 ? 0 : (AutoclearFeature)U64(start, 88),
            RefcountOrder = version == 2 ? 4 : Count(U32(start, 96), 6, "as order of the reference counts"),
            HeaderLength = (int)headerLength,
            Extensions = extensions,
            BackingName = ReadBackingName(),
            UnknownFields = headerLength > Qcow2Header.FullLength ? cluster[Qcow2Header.FullLength..(int)headerLength] : [],
        };
        CheckFeatures(header);
        CheckPlaces(header);
        return header;

        DoppelException Corrupt(string what) => Qcow2Errors.Corrupt(path, what);

        long Signed(ulong value, string what) => value <= long.MaxValue ? (long)value : throw Corrupt($"{what} is 0x{value:x}");

        int Count(uint value, long most, string what) => value <= most ? (int)value : throw Corrupt($"{value} {what}; at most {most} are possible");

        List<Qcow2Extension> ReadExtensions()
        {
            var found = new List<Qcow2Extension>();
            ulong backing = U64(start, 8);
            long end = backing is > 0 and < int.MaxValue ? Math.Min((long)backing, cluster.Length) : cluster.Length;
            for (int at = (int)headerLength; at + 8 <= end;)
            {
                uint type = U32(cluster, at);
                uint length = U32(cluster, at + 4);
                if (type == Qcow2Extension.End) break;
                // Version 2 images by old programs have anything behind their header.
                if (length > end - at - 8) return version == 2 ? found : throw Corrupt($"a header extension 0x{type:x} of {length} bytes");
                if (found.Exists(e => e.Type == type)) throw Corrupt($"two header extensions 0x{type:x}");
                found.Add(new Qcow2Extension(type, cluster[(at + 8)..(at + 8 + (int)length)]));
                at += found[^1].Size;
            }

            return found;
        }

        string? ReadBackingName()
        {
            ulong offset = U64(start, 8);
            uint length = U32(start, 16);
            if (offset == 0) return null;
            if (length > Qcow2Header.MaxBackingName || offset > (ulong)cluster.Length || length > (ulong)cluster.Length - offset) throw Corrupt($"a name of the backing file of {length} bytes at {offset}");
            string name = Encoding.UTF8.GetString(cluster, (int)offset, (int)length);
            return name.Length > 0 && !name.Contains('\0', StringComparison.Ordinal) ? name : throw Corrupt("the name of its backing file is no name");
        }

        void CheckFeatures(Qcow2Header header)
        {
            if (U32(start, 32) != 0) throw Qcow2Errors.Unsupported(path, "the image is encrypted, which cannot be read here", $"qemu-img convert with its secret to an image without encryption");
            if (header.Incompatible.HasFlag(IncompatibleFeature.ExternalData)) throw Qcow2Errors.Unsupported(path, "the image keeps its data in another file, which cannot be used here", $"qemu-img convert -O qcow2 {path} new.qcow2");
            byte compression = headerLength > Qcow2Header.CompressionTypeOffset ? start[Qcow2Header.CompressionTypeOffset] : (byte)0;
            if (header.Incompatible.HasFlag(IncompatibleFeature.CompressionType) != (compression != 0)) throw Corrupt("its compression type contradicts its features");
            if (compression != (byte)header.CompressionType)
                throw Qcow2Errors.Unsupported(path, $"the image is compressed by method {compression}, which cannot be read here; zlib and zstd can", $"qemu-img convert -O qcow2 -o compression_type=zlib {path} new.qcow2");
            if (header.ExtendedL2 && clusterBits < Qcow2Header.MinClusterBitsExtended) throw Corrupt($"subclusters in clusters of {clusterSize} bytes");
            if (header.Autoclear.HasFlag(AutoclearFeature.Bitmaps) && !extensions.Exists(e => e.Type == Qcow2Extension.Bitmaps)) throw Corrupt("its bitmaps are missing");
        }

        void CheckPlaces(Qcow2Header header)
        {
            if (header.Size % DiskRange.BlockSize != 0) throw Corrupt($"a disk of {header.Size} bytes is not whole sectors");
            if (header.Size > Qcow2Header.MaxL1Bytes / 8 * header.BytesPerL2 || header.L1EntriesFor(header.Size) > header.L1Size) throw Corrupt($"an L1 table of {header.L1Size} entries is too short for a disk of {header.Size} bytes");
            CheckTable("L1 table", header.L1Offset, 8L * header.L1Size);
            CheckTable("snapshot table", header.SnapshotsOffset, header.SnapshotCount * 40L);
            if (forCheck) return;
            CheckTable("refcount table", header.RefcountTableOffset, (long)header.RefcountTableClusters << (int)clusterBits);
            if (header.RefcountTableClusters == 0) throw Corrupt("it has no refcount table");
        }

        void CheckTable(string what, long offset, long length)
        {
            if (length == 0) return;
            if (offset % clusterSize != 0 || offset < clusterSize) throw Corrupt($"the {what} is at 0x{offset:x}");
            if (offset > fileLength || length > fileLength - offset) throw Corrupt($"the {what} is beyond the end of the file");
        }
    }

    /// <summary>Unknown features by the names that the image itself gives, or by their numbers.</summary>
    private static string FeatureNames(ulong bits, List<Qcow2Extension> extensions)
    {
        byte[] table = extensions.Find(e => e.Type == Qcow2Extension.FeatureNames)?.Data ?? [];
        var names = new List<string>();
        for (int bit = 0; bit < 64; bit++)
        {
            if ((bits >> bit & 1) == 0) continue;
            string? name = null;
            for (int at = 0; at + FeatureEntry <= table.Length && name is null; at += FeatureEntry)
            {
                if (table[at] == 0 && table[at + 1] == bit) name = string.Concat(Encoding.UTF8.GetString(table, at + 2, FeatureEntry - 2).TakeWhile(c => c != 0).Where(c => !char.IsControl(c)));
            }

            names.Add(string.IsNullOrWhiteSpace(name) ? $"incompatible feature {bit}" : $"'{name}'");
        }

        return string.Join(", ", names);
    }

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));

    private static ulong U64(byte[] bytes, int at) => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(at));
}
