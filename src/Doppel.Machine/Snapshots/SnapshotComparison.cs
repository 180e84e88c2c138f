using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Snapshot;
using Doppel.Host.Memory;

namespace Doppel.Machine.Snapshots;

/// <summary>Finds what differs between two snapshots. Only what lies in different layers is read.</summary>
internal static class SnapshotComparison
{
    private const int Page = (int)SnapshotManifest.PageSize;

    public static async Task<IReadOnlyList<SnapshotChange>> RunAsync(VmSnapshot old, VmSnapshot now, CancellationToken cancel)
    {
        var changes = new List<SnapshotChange>();
        foreach (VmSnapshot.RegionContent region in now.Regions)
        {
            if (old.Regions.FirstOrDefault(r => r.Name == region.Name && r.Content.Length == region.Content.Length) is { } before)
                changes.Add(new SnapshotChange(region.Name, "page", CountPages(before.Content, region.Content, cancel), (long)region.Content.Length / Page, []));
        }

        for (int i = 0; i < Math.Min(old.Disks.Count, now.Disks.Count); i++)
        {
            if (old.Disks[i] is { } before && now.Disks[i] is { } after && before.Length == after.Length)
                changes.Add(new SnapshotChange($"disk {i}", "cluster", await CountClustersAsync(before, after, cancel).ConfigureAwait(false), after.Map.Count, []));
        }

        foreach (VmSnapshot.PartState part in now.Parts)
        {
            if (old.Parts.FirstOrDefault(p => p.Name == part.Name) is not { } before) continue;
            (IReadOnlyList<string> different, int total) = CompareFields(before.State, part.State);
            changes.Add(new SnapshotChange(part.Name, "field", different.Count, total, different));
        }

        return changes;
    }

    private static long CountPages(FrozenMemory old, FrozenMemory now, CancellationToken cancel)
    {
        long count = 0;
        byte[] before = new byte[64 << 10];
        byte[] after = new byte[before.Length];
        foreach (PageRun run in Different(old, now))
        {
            for (ulong offset = run.Offset; offset < run.End; offset += (ulong)before.Length)
            {
                cancel.ThrowIfCancellationRequested();
                int length = (int)Math.Min((ulong)before.Length, run.End - offset);
                old.Read(offset, before.AsSpan(0, length));
                now.Read(offset, after.AsSpan(0, length));
                for (int page = 0; page < length; page += Page)
                {
                    if (!before.AsSpan(page, Page).SequenceEqual(after.AsSpan(page, Page))) count++;
                }
            }
        }

        return count;
    }

    /// <summary>Where the layers are not the same.</summary>
    private static IEnumerable<PageRun> Different(FrozenMemory old, FrozenMemory now)
    {
        IReadOnlyList<FrozenPiece> before = old.Pieces;
        int at = 0;
        foreach (FrozenPiece piece in now.Pieces)
        {
            for (ulong offset = piece.Run.Offset; offset < piece.Run.End;)
            {
                while (before[at].Run.End <= offset) at++;
                ulong end = Math.Min(before[at].Run.End, piece.Run.End);
                if (before[at].Layer.Id != piece.Layer.Id) yield return new PageRun(offset, end - offset);
                offset = end;
            }
        }
    }

    private static async Task<long> CountClustersAsync(FrozenDisk old, FrozenDisk now, CancellationToken cancel)
    {
        long count = 0;
        byte[] before = new byte[LayerFormat.UnitSize];
        byte[] after = new byte[LayerFormat.UnitSize];
        foreach (DiskExtent extent in now.Map.Differences(old.Map))
        {
            for (long cluster = extent.Cluster; cluster < extent.End; cluster++)
            {
                int size = LayerFormat.SizeOf(cluster, now.Length);
                await old.ReadAsync(cluster * LayerFormat.UnitSize, before.AsMemory(0, size), cancel).ConfigureAwait(false);
                await now.ReadAsync(cluster * LayerFormat.UnitSize, after.AsMemory(0, size), cancel).ConfigureAwait(false);
                if (!before.AsSpan(0, size).SequenceEqual(after.AsSpan(0, size))) count++;
            }
        }

        return count;
    }

    private static (IReadOnlyList<string> Different, int Total) CompareFields(byte[] old, byte[] now)
    {
        var before = new SnapshotReader(old);
        var after = new SnapshotReader(now);
        string[] tags = [.. before.Tags.Union(after.Tags).Order(StringComparer.Ordinal)];
        return ([.. tags.Where(t => !before.GetBytes(t, int.MaxValue).Span.SequenceEqual(after.GetBytes(t, int.MaxValue).Span))], tags.Length);
    }
}
