using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine.Json;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Portable;

/// <summary>Makes a machine's store of the objects of its snapshots. What they say is not trusted.</summary>
/// <param name="store">Of the machine that is being made.</param>
/// <param name="place">Gives a configuration the paths of the machine's files; null if it is not of that machine.</param>
internal sealed class SnapshotsLoader(SnapshotStore store, Func<VmConfig, VmConfig?> place)
{
    private const int MaxSnapshots = 10_000;

    private readonly Dictionary<string, int> _manifests = [];
    private readonly HashSet<string> _names = [];
    private readonly HashSet<Guid> _ids = [];
    private Guid? _current;

    /// <summary>Takes the object <c>snapshots</c>.</summary>
    /// <returns>The names of the objects that must follow.</returns>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public IEnumerable<string> TakeTree(ReadOnlySpan<byte> text)
    {
        SavedTree tree = JsonSerializer.Deserialize(text, TreeJson.Default.SavedTree) ?? throw new JsonException("it says null");
        if (tree.Count is < 1 or > MaxSnapshots) throw new JsonException($"{tree.Count} snapshots cannot be");
        _current = tree.Current;
        for (int i = 0; i < tree.Count; i++) _manifests.Add(SnapshotObjects.ManifestName(i), i);
        store.Files.Create();
        return _manifests.Keys;
    }

    public bool IsManifest(string name) => _manifests.ContainsKey(name);

    /// <summary>Takes the object of a manifest.</summary>
    /// <returns>The layers that it needs.</returns>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public IEnumerable<Guid> TakeManifest(ReadOnlyMemory<byte> text)
    {
        SnapshotManifest manifest = StrictJson.Read(text, ManifestJson.Read);
        if (!SnapshotName.IsValid(manifest.Name) || !_names.Add(manifest.Name) || !_ids.Add(manifest.Id)) throw new JsonException("its name is none, or that of another one");
        VmConfig config = place(manifest.Config) ?? throw new JsonException("it is of another machine");
        ManifestFile.Write(store.Files.Manifest(manifest.Name), manifest with { Config = config });
        return manifest.Layers.Where(l => l != Guid.Empty);
    }

    /// <summary>Where a layer is put.</summary>
    public string LayerFile(Guid id) => store.Files.Layer(id);

    /// <summary>Everything has been taken: looks at what has come together.</summary>
    /// <exception cref="DoppelException">A snapshot is not what it should be.</exception>
    public void Finish()
    {
        if (_manifests.Count == 0) return;
        foreach (string name in _names) store.Load(name).Dispose();
        if (_current is { } id && _ids.Contains(id)) store.Files.Current = id;
    }
}
