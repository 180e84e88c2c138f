using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Core.Errors;
using Doppel.Machine.Json;
using Doppel.Machine.Portable.Format;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Portable;

/// <summary>The snapshots of a machine as objects: <c>snapshots</c>, for each its manifest, and the layers that they need, as they lie in the store.</summary>
internal static class SnapshotObjects
{
    public const string TreeName = "snapshots";

    private const string LayerPrefix = "layer/";

    /// <summary>The name of the object of a manifest.</summary>
    public static string ManifestName(int index) => $"snapshot/{index}";

    /// <summary>The name of the object of a layer.</summary>
    public static string LayerName(Guid id) => $"{LayerPrefix}{id:n}";

    /// <summary>The layer that an object is; null if it is none.</summary>
    public static Guid? LayerOf(string name) => name.StartsWith(LayerPrefix, StringComparison.Ordinal) && Guid.TryParseExact(name[LayerPrefix.Length..], "n", out Guid id) ? id : null;

    /// <summary>Adds all snapshots, if there are any. Their files are open when it returns, so that they may be removed from the store meanwhile.</summary>
    /// <param name="store">The machine's.</param>
    /// <exception cref="DoppelException">A snapshot is damaged, or the disks of the machine are being set back.</exception>
    public static async Task AddAsync(MachineObjects objects, SnapshotStore store, CancellationToken cancel)
    {
        if (store.Files.Names().Count == 0) return;
        using IDisposable held = await store.Files.LockAsync(cancel).ConfigureAwait(false);
        if (store.Files.Restoring is not null)
            throw new DoppelException(ErrorKind.WrongState, "the machine's disks are being set back to a snapshot, and are a mixture now", "start the machine, which completes it");
        // In an order that does not depend on the file system.
        SnapshotManifest[] manifests = [.. store.Files.Names().Select(store.Read).OrderBy(m => m.Created).ThenBy(m => m.Name, StringComparer.Ordinal)];
        objects.Add(TreeName, new ByteContent(JsonSerializer.SerializeToUtf8Bytes(new SavedTree(store.Files.Current, manifests.Length), TreeJson.Default.SavedTree)));
        for (int i = 0; i < manifests.Length; i++)
        {
            SnapshotManifest portable = manifests[i] with { Config = PortableRecord.WithoutPaths(manifests[i].Config) };
            objects.Add(ManifestName(i), new ByteContent(StrictJson.WriteLine(portable, ManifestJson.Write)));
        }

        foreach (Guid layer in manifests.SelectMany(m => m.Layers).Where(l => l != Guid.Empty).Distinct())
        {
            // Looked at first, so that a layer that is missing or cut off is not carried on.
            using (LayerFile.Open(store.Files.Layer(layer), layer))
            {
                objects.Add(LayerName(layer), FileContent.Open(store.Files.Layer(layer)));
            }
        }
    }
}

/// <summary>The object <c>snapshots</c>.</summary>
/// <param name="Current">The snapshot on which the machine's state is built; null if none.</param>
/// <param name="Count">How many there are.</param>
internal sealed record SavedTree(Guid? Current, int Count);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedTree))]
internal sealed partial class TreeJson : JsonSerializerContext;
