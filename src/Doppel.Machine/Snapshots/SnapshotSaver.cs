using System.Security.Cryptography;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Host.Memory;
using Doppel.Host.Threading;

namespace Doppel.Machine.Snapshots;

/// <summary>Writes the layers of one snapshot, as far as the store has not got them.</summary>
/// <param name="parent">What the new one is likely to have clusters in common with.</param>
internal sealed class SnapshotSaver(SnapshotFolder folder, SnapshotManifest? parent, IProgress<double>? progress, CancellationToken cancel)
{
    private readonly List<Guid> _layers = [];
    private long _total = 1;
    private long _done;

    /// <returns>The manifest, which has not been written.</returns>
    public async Task<SnapshotManifest> SaveAsync(VmSnapshot snapshot, string name, string? comment)
    {
        _total = Math.Max(1, snapshot.Regions.SelectMany(r => NewLayers(r.Content).SelectMany(l => Data(l, r.Content))).Sum(r => (long)r.Length) + DiskWork(snapshot));
        ManifestState? state = null;
        if (snapshot.IsLive)
        {
            var regions = new List<ManifestRegion>();
            foreach (VmSnapshot.RegionContent region in snapshot.Regions)
            {
                foreach (FrozenLayer layer in NewLayers(region.Content)) await BackgroundThread.RunAsync("doppel-store", () => SaveLayer(layer, region.Content)).ConfigureAwait(false);
                regions.Add(new ManifestRegion(region.Name, region.Content.Length, [.. region.Content.Pieces.SelectMany(Numbers)]));
            }

            state = new ManifestState(snapshot.DeviceTree, [.. snapshot.Parts.Select(p => new ManifestPart(p.Name, p.State))], regions);
        }

        var disks = new List<ManifestDisk?>();
        for (int i = 0; i < snapshot.Disks.Count; i++)
        {
            disks.Add(snapshot.Disks[i] is { } disk ? await SaveDiskAsync(disk, parent?.Disks.ElementAtOrDefault(i)).ConfigureAwait(false) : null);
        }

        progress?.Report(1);
        return new SnapshotManifest(SnapshotManifest.CurrentFormat, Guid.NewGuid(), name, comment, parent?.Id, TimeProvider.System.GetUtcNow(), snapshot.Config, _layers, state, disks);
    }

    /// <summary>Frozen layers keep their names: one that is there is the same.</summary>
    private IEnumerable<FrozenLayer> NewLayers(FrozenMemory content) => content.Pieces.Select(p => p.Layer).DistinctBy(l => l.Id).Where(l => !File.Exists(folder.Layer(l.Id)));

    private static IEnumerable<PageRun> Data(FrozenLayer layer, FrozenMemory content) => layer.Data(new PageRun(0, content.Length));

    /// <summary>A layer is written whole: other snapshots of the machine may need other parts of it.</summary>
    private void SaveLayer(FrozenLayer layer, FrozenMemory content)
    {
        using var writer = new LayerWriter(folder.Layer(layer.Id), layer.Id, (long)content.Length);
        byte[] buffer = new byte[LayerFormat.UnitSize];
        long next = 0;
        foreach (PageRun run in Data(layer, content))
        {
            for (long unit = Math.Max(next, (long)run.Offset / LayerFormat.UnitSize); unit * LayerFormat.UnitSize < (long)run.End; unit++)
            {
                cancel.ThrowIfCancellationRequested();
                Span<byte> bytes = buffer.AsSpan(0, LayerFormat.SizeOf(unit, (long)content.Length));
                layer.Read((ulong)(unit * LayerFormat.UnitSize), bytes);
                writer.Write(unit, bytes);
                next = unit + 1;
            }

            Report((long)run.Length);
        }

        writer.Complete();
    }

    /// <summary>What is not stored under a name that the store knows is compared with what the parent has; the rest becomes a layer.</summary>
    private async Task<ManifestDisk> SaveDiskAsync(FrozenDisk disk, ManifestDisk? before)
    {
        DiskMap? known = before is not null && before.Length == disk.Length ? ManifestFile.Map(parent!, before) : null;
        var indexes = new Dictionary<Guid, IReadOnlyDictionary<long, byte[]>>();
        Guid id = Guid.NewGuid();
        LayerWriter? writer = null;
        try
        {
            var extents = new List<DiskExtent>();
            byte[] buffer = new byte[LayerFormat.UnitSize];
            foreach (DiskExtent extent in disk.Map.Extents)
            {
                if (IsStored(extent.Layer))
                {
                    extents.Add(extent);
                    continue;
                }

                long data = -1;
                for (long cluster = extent.Cluster; cluster < extent.End; cluster++)
                {
                    cancel.ThrowIfCancellationRequested();
                    long offset = cluster * LayerFormat.UnitSize;
                    Memory<byte> bytes = buffer.AsMemory(0, LayerFormat.SizeOf(cluster, disk.Length));
                    if (data < offset) data = await disk.NextDataAsync(offset, cancel).ConfigureAwait(false);
                    if (data < offset + bytes.Length) await disk.ReadAsync(offset, bytes, cancel).ConfigureAwait(false);
                    else bytes.Span.Clear();
                    Guid layer = Place(cluster, bytes.Span);
                    if (extents.Count > 0 && extents[^1].Layer == layer && extents[^1].End == cluster) extents[^1] = extents[^1] with { Count = extents[^1].Count + 1 };
                    else extents.Add(new DiskExtent(cluster, 1, layer));
                    Report(bytes.Length);
                }
            }

            writer?.Complete();
            var stored = new DiskMap(extents);
            disk.Rename(stored);
            return new ManifestDisk(disk.Length, [.. stored.Extents.SelectMany(e => (long[])[e.Cluster, e.Count, Number(e.Layer)])]);
        }
        finally
        {
            writer?.Dispose();
        }

        Guid Place(long cluster, ReadOnlySpan<byte> bytes)
        {
            if (!bytes.ContainsAnyExcept((byte)0)) return DiskMap.Zeroes;
            byte[] hash = SHA256.HashData(bytes);
            if (known?.LayerOf(cluster) is { } layer && layer != DiskMap.Zeroes)
            {
                if (!indexes.TryGetValue(layer, out IReadOnlyDictionary<long, byte[]>? index)) indexes.Add(layer, index = Index(layer));
                if (index.TryGetValue(cluster, out byte[]? there) && there.AsSpan().SequenceEqual(hash)) return layer;
            }

            writer ??= new LayerWriter(folder.Layer(id), id, disk.Length);
            writer.Write(cluster, bytes, hash);
            return id;
        }
    }

    /// <summary>The checksums of a layer; none if it is damaged: then what it has is stored once more.</summary>
    private IReadOnlyDictionary<long, byte[]> Index(Guid layer)
    {
        try
        {
            using LayerFile file = LayerFile.Open(folder.Layer(layer), layer);
            return file.Index;
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Corrupt)
        {
            return new Dictionary<long, byte[]>();
        }
    }

    private long DiskWork(VmSnapshot snapshot) =>
        snapshot.Disks.OfType<FrozenDisk>().SelectMany(d => d.Map.Extents).Where(e => !IsStored(e.Layer)).Sum(e => e.Count * LayerFormat.UnitSize);

    private bool IsStored(Guid layer) => layer == DiskMap.Zeroes || File.Exists(folder.Layer(layer));

    private long[] Numbers(FrozenPiece piece) => [(long)(piece.Run.Offset / SnapshotManifest.PageSize), (long)(piece.Run.Length / SnapshotManifest.PageSize), Number(piece.Layer.Id)];

    private int Number(Guid layer)
    {
        int index = _layers.IndexOf(layer);
        if (index >= 0) return index;
        _layers.Add(layer);
        return _layers.Count - 1;
    }

    private void Report(long bytes)
    {
        _done += bytes;
        progress?.Report(Math.Min(1, (double)_done / _total));
    }
}
