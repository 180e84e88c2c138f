using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Makes reference counts and marks anew from the tables. An interruption leaves the image as it was, or still marked as dirty.</summary>
internal static class Qcow2Repair
{
    /// <summary>An image whose last writer did not close it.</summary>
    /// <returns>Its header afterwards.</returns>
    /// <exception cref="DoppelException">It is damaged beyond its reference counts; nothing was changed.</exception>
    public static Qcow2Header AfterCrash(ImageStore store, Qcow2Header header)
    {
        var checker = new Qcow2Checker(store, header);
        checker.Run();
        return Run(store, header, checker);
    }

    /// <param name="checker">That has run.</param>
    /// <inheritdoc cref="AfterCrash"/>
    public static Qcow2Header Run(ImageStore store, Qcow2Header header, Qcow2Checker checker)
    {
        if (checker.Result.Damages > 0)
            throw new DoppelException(ErrorKind.Corrupt, $"{store.Path}: the image is damaged beyond repair: {checker.Result.Messages[0]}", $"doppel disk convert {store.Path} new.qcow2, which saves what can be read");
        bool isMarked = (header.Incompatible & (IncompatibleFeature.Dirty | IncompatibleFeature.Corrupt)) != 0;
        if (checker.Result.IsClean && !isMarked) return header;

        // Whoever comes upon an unfinished repair has to begin it again.
        header = Mark(store, header, header.Incompatible | IncompatibleFeature.Dirty);
        Qcow2Header repaired = RefcountBuilder.Write(store, header, checker.Counts.End > FreeFrom(store, header) ? checker.Counts.End : FreeFrom(store, header), cluster => checker.Counts[cluster]);
        store.Flush();
        Qcow2HeaderWriter.WriteRefcountTable(store, repaired);
        store.Flush();
        FixMarks(store, repaired, checker.Counts);
        store.Flush();
        return Mark(store, repaired, repaired.Incompatible & ~(IncompatibleFeature.Dirty | IncompatibleFeature.Corrupt));
    }

    /// <summary>The old counts stay readable until the new ones are there.</summary>
    private static long FreeFrom(ImageStore store, Qcow2Header header) => (store.Length + header.ClusterSize - 1) >> header.ClusterBits;

    private static Qcow2Header Mark(ImageStore store, Qcow2Header header, IncompatibleFeature features)
    {
        if (header.Version < 3) return header;
        // Bitmaps that did not count are gone now, with their clusters.
        header = header with { Incompatible = features };
        if (!header.Autoclear.HasFlag(AutoclearFeature.Bitmaps) && header.Extensions.Any(e => e.Type == Qcow2Extension.Bitmaps))
        {
            header = header.With(Qcow2Extension.Bitmaps, null);
            store.Write(0, Qcow2HeaderWriter.ToCluster(header, store.Path));
        }

        Qcow2HeaderWriter.WriteFeatures(store, header);
        store.Flush();
        return header;
    }

    private static void FixMarks(ImageStore store, Qcow2Header header, ClusterCounts counts)
    {
        ulong[] l1 = Read(header.L1Offset, header.L1Size);
        if (Fix(l1, 1)) store.Write(header.L1Offset, L2Table.Encode(l1));
        foreach (ulong entry in l1.Where(e => e != 0))
        {
            ulong[] words = Read(L2Entry.Offset(entry), header.ClusterSize / 8);
            if (Fix(words, header.ExtendedL2 ? 2 : 1)) store.Write(L2Entry.Offset(entry), L2Table.Encode(words));
        }

        ulong[] Read(long offset, int entries)
        {
            byte[] bytes = new byte[8 * entries];
            store.Read(offset, bytes);
            return L2Table.Decode(bytes);
        }

        bool Fix(ulong[] words, int step)
        {
            bool changed = false;
            for (int i = 0; i < words.Length; i += step)
            {
                if (L2Entry.IsCompressed(words[i]) || L2Entry.Offset(words[i]) == 0) continue;
                bool only = counts[L2Entry.Offset(words[i]) >> header.ClusterBits] == 1;
                ulong right = only ? words[i] | L2Entry.Copied : words[i] & ~L2Entry.Copied;
                changed |= right != words[i];
                words[i] = right;
            }

            return changed;
        }
    }
}
