using Doppel.Backends.Disk.Snapshots;

namespace Doppel.Machine.Snapshots;

/// <summary>Reads all that snapshots need and compares it with the checksums.</summary>
internal static class SnapshotCheck
{
    /// <exception cref="Core.Errors.DoppelException">Something is damaged or missing.</exception>
    public static void Run(SnapshotFolder folder, IReadOnlyList<SnapshotManifest> manifests, IProgress<double>? progress, CancellationToken cancel)
    {
        Dictionary<Guid, long> lengths = [];
        foreach ((Guid layer, long length) in manifests.SelectMany(Layers))
        {
            if (!lengths.TryAdd(layer, length) && lengths[layer] != length) throw ManifestFile.Damaged(folder.Layer(layer), "it is said to be of things of different lengths");
        }

        var layers = new List<LayerFile>();
        try
        {
            foreach ((Guid id, long length) in lengths)
            {
                layers.Add(LayerFile.Open(folder.Layer(id), id));
                if (layers[^1].Length != length) throw ManifestFile.Damaged(folder.Layer(id), $"it is of something of {layers[^1].Length} bytes, not of {length}");
            }

            double total = Math.Max(1, layers.Sum(l => l.Footer.Entries * LayerFormat.UnitSize));
            long done = 0;
            foreach (LayerFile layer in layers)
            {
                layer.Check(
                    bytes =>
                    {
                        done += bytes;
                        progress?.Report(Math.Min(1, done / total));
                    },
                    cancel);
            }
        }
        finally
        {
            foreach (LayerFile layer in layers) layer.Dispose();
        }
    }

    /// <summary>The layers that a snapshot refers to, with the lengths of what they are layers of.</summary>
    private static IEnumerable<(Guid Layer, long Length)> Layers(SnapshotManifest manifest)
    {
        foreach (ManifestRegion region in manifest.State?.Regions ?? [])
        {
            foreach (Guid layer in ManifestFile.Pieces(manifest, region).Select(p => p.Layer).Distinct()) yield return (layer, (long)region.Length);
        }

        foreach (ManifestDisk disk in manifest.Disks.OfType<ManifestDisk>())
        {
            foreach (Guid layer in ManifestFile.Map(manifest, disk).Extents.Select(e => e.Layer).Distinct().Where(l => l != DiskMap.Zeroes)) yield return (layer, disk.Length);
        }
    }
}
