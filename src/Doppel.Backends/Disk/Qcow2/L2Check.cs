using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>What is looked at when an L2 table comes into memory, so that nothing behind it need be: places, reserved bits and, if it may be written, reference counts.</summary>
internal readonly struct L2Check(Qcow2Image image)
{
    /// <exception cref="DoppelException">An entry is wrong.</exception>
    public void Check(L2Table table)
    {
        Qcow2Header header = image.Header;
        int step = header.ExtendedL2 ? 2 : 1;
        for (int i = 0; i < table.Words.Length; i += step)
        {
            ulong entry = table.Words[i];
            ulong bitmap = step == 2 ? table.Words[i + 1] : 0;
            if (entry == 0 && bitmap == 0) continue;
            if (Wrong(entry, bitmap, table.IsExclusive) is { } what)
                throw Qcow2Errors.Corrupt(image.Store.Path, $"entry {i / step} of the L2 table at 0x{table.Offset:x}, 0x{entry:x}: {what}");
        }
    }

    private string? Wrong(ulong entry, ulong bitmap, bool isExclusive)
    {
        Qcow2Header header = image.Header;
        (long first, long count) = L2Entry.HostClusters(entry, header.ClusterBits);
        if (L2Entry.IsCompressed(entry))
        {
            if ((entry & L2Entry.Copied) != 0) return "compressed and to be written in place";
            if (first == 0) return "its data lies on the header";
        }
        else
        {
            if ((entry & L2Entry.StandardReserved) != 0) return "reserved bits are set";
            if ((entry & L2Entry.Zero) != 0 && (header.Version < 3 || header.ExtendedL2)) return "it is a zero cluster, which this image cannot have";
            if (count != 0 && L2Entry.Offset(entry) % header.ClusterSize != 0) return "its data is not at the start of a cluster";
            if (count == 0 && (entry & L2Entry.Copied) != 0) return "it is to be written in place, but is nowhere";
            if (((uint)bitmap & (uint)(bitmap >> 32)) != 0) return "a subcluster is there and reads as zeroes";
            if (count == 0 && (uint)bitmap != 0) return "its subclusters are nowhere";
        }

        if (first + count > image.FileClusters) return "its data is beyond the end of the file";
        for (long cluster = first; cluster < first + count; cluster++)
        {
            if (image.Metadata.Contains(cluster)) return "its data lies on a table";
            if (image.Store.ReadOnly) continue;
            ulong references = image.Refcounts[cluster];
            if (references == 0) return "its cluster counts as free";
            if (isExclusive && (entry & L2Entry.Copied) != 0 && references != 1) return $"its cluster is to be written in place, but has {references} references";
        }

        return null;
    }
}
