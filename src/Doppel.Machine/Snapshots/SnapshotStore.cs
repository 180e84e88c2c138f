using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Host.Memory;

namespace Doppel.Machine.Snapshots;

/// <summary>
/// Snapshots of one machine in a folder: they outlive its process. A snapshot is there whole or not at all, whenever the process is killed or the power fails; what it has in common
/// with others is stored once. Thread-safe, between processes too.
/// </summary>
public sealed class SnapshotStore
{
    private readonly SnapshotFolder _folder;

    /// <param name="path">Of the folder; it is made when the first snapshot is.</param>
    public SnapshotStore(string path)
    {
        _folder = new SnapshotFolder(Path.GetFullPath(path));
    }

    /// <summary>Where it is.</summary>
    public string Folder => _folder.Path;

    /// <summary>The same for those who look after machines.</summary>
    internal SnapshotFolder Files => _folder;

    /// <summary>All snapshots, the oldest first, and what is wrong with those that cannot be read.</summary>
    /// <exception cref="DoppelException">The folder may not be read.</exception>
    public SnapshotListing List()
    {
        var problems = new List<DoppelException>();
        IReadOnlyList<SnapshotManifest> all = ReadAll(problems);
        Guid? current = _folder.Current;
        var infos = new List<SnapshotInfo>();
        foreach (SnapshotManifest manifest in all.OrderBy(m => m.Created).ThenBy(m => m.Name, StringComparer.Ordinal))
        {
            try
            {
                infos.Add(Describe(manifest, all, current));
            }
            catch (DoppelException exception)
            {
                problems.Add(new DoppelException(exception.Kind, $"{manifest.Name}: {exception.Message}", exception.Hint, exception));
            }
        }

        return new SnapshotListing(infos, problems);
    }

    /// <exception cref="DoppelException">There is none of that name, or it is damaged.</exception>
    public SnapshotInfo Get(string name) => Describe(Read(name), ReadAll([]), _folder.Current);

    /// <exception cref="DoppelException">The name is taken or none, or the comment is none.</exception>
    internal void RequireFree(string name, string? comment)
    {
        SnapshotName.Require(name, comment);
        if (File.Exists(_folder.Manifest(name))) throw Taken(name);
    }

    /// <summary>Stores a snapshot under a name. Its machine may run on meanwhile. What the store has already is not written again.</summary>
    /// <param name="name">1 to 64 letters, digits, '.', '_' or '-', a letter or a digit first.</param>
    /// <param name="comment">One line, or null.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="DoppelException">The name is taken or none, or the host cannot keep it: then nothing is there.</exception>
    public async Task<SnapshotInfo> SaveAsync(VmSnapshot snapshot, string name, string? comment = null, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        SnapshotName.Require(name, comment);
        try
        {
            _folder.Create();
            using IDisposable held = await _folder.LockAsync(cancel).ConfigureAwait(false);
            Sweep();
            if (File.Exists(_folder.Manifest(name))) throw Taken(name);
            SnapshotManifest? parent = _folder.Current is { } id ? Find(id) : null;
            var saver = new SnapshotSaver(_folder, parent, progress, cancel);
            // RAM is read and written without a pause, on a thread of its own: the pool's are few, and others wait for them.
            SnapshotManifest manifest = await Task.Factory.StartNew(() => saver.SaveAsync(snapshot, name, comment), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap().ConfigureAwait(false);
            ManifestFile.Write(_folder.Manifest(name), manifest);
            _folder.Current = manifest.Id;
            return Get(name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"{name}: cannot be kept in {_folder.Path}: {exception.Message.TrimEnd('.')}", "free some space, or remove snapshots: doppel snapshot rm", exception);
        }
    }

    /// <summary>A snapshot to make machines from, or to set one back to. RAM is mapped from the store when the machine touches it.</summary>
    /// <exception cref="DoppelException">There is none of that name, or it is damaged as far as it has been looked at: the manifest, and the lengths of the layers.</exception>
    public VmSnapshot Load(string name) => Load(Read(name));

    internal VmSnapshot Load(SnapshotManifest manifest)
    {
        var regions = new List<VmSnapshot.RegionContent>();
        var disks = new List<FrozenDisk?>();
        try
        {
            foreach (ManifestRegion region in manifest.State?.Regions ?? []) regions.Add(new VmSnapshot.RegionContent(region.Name, Open(manifest, region)));
            foreach (ManifestDisk? disk in manifest.Disks) disks.Add(disk is null ? null : Open(manifest, disk));
            VmSnapshot.PartState[] parts = [.. (manifest.State?.Parts ?? []).Select(p => new VmSnapshot.PartState(p.Name, p.State))];
            return new VmSnapshot(Boot.BootPlan.Later(manifest.Config), manifest.State?.DeviceTree ?? default, parts, regions, disks);
        }
        catch (Exception exception)
        {
            foreach (VmSnapshot.RegionContent region in regions) region.Content.Dispose();
            foreach (FrozenDisk? disk in disks) disk?.Dispose();
            if (exception is IOException) throw new DoppelException(ErrorKind.Failed, $"{manifest.Name}: cannot be read: {exception.Message.TrimEnd('.')}", "look at the file system of the store", exception);
            throw;
        }
    }

    /// <summary>Deletes a snapshot. Those that were built on it stay whole, and are its parent's children then. Layers that nobody needs any more are deleted.</summary>
    /// <exception cref="DoppelException">There is none of that name, or the machine's disks are being set back to it.</exception>
    public async Task RemoveAsync(string name, CancellationToken cancel = default)
    {
        // Without a folder there is nothing to be locked.
        if (!SnapshotName.IsValid(name) || !File.Exists(_folder.Manifest(name))) throw Missing(name);
        using IDisposable held = await _folder.LockAsync(cancel).ConfigureAwait(false);
        // One that is damaged can be deleted, too.
        SnapshotManifest? gone = ReadAll([]).FirstOrDefault(m => m.Name == name);
        if (gone is not null)
        {
            if (_folder.Restoring == gone.Id)
                throw new DoppelException(ErrorKind.WrongState, $"{name}: the machine's disks are being set back to it", "start the machine, or restore another snapshot");
            foreach (SnapshotManifest child in ReadAll([]).Where(m => m.Parent == gone.Id)) ManifestFile.Write(_folder.Manifest(child.Name), child with { Parent = gone.Parent });
            if (_folder.Current == gone.Id) _folder.Current = gone.Parent;
        }

        File.Delete(_folder.Manifest(name));
        Host.Files.AtomicFile.FlushFolder(_folder.Path);
        Sweep();
    }

    /// <summary>Reads all of some snapshots, or of all that there are, and compares it with its checksums.</summary>
    /// <exception cref="DoppelException">There is none of that name, or something is damaged or missing.</exception>
    public Task CheckAsync(IReadOnlyList<string> names, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        SnapshotManifest[] manifests = [.. (names.Count > 0 ? names : _folder.Names()).Select(Read)];
        return Task.Run(() => SnapshotCheck.Run(_folder, manifests, progress, cancel), cancel);
    }

    /// <summary>What differs between two snapshots: regions of RAM, disks, and the parts of the machine, also those in which nothing does.</summary>
    /// <exception cref="DoppelException">There is none of a name, or it is damaged.</exception>
    public async Task<IReadOnlyList<SnapshotChange>> CompareAsync(string old, string now, CancellationToken cancel = default)
    {
        using VmSnapshot before = Load(old);
        using VmSnapshot after = Load(now);
        return await Task.Run(() => SnapshotComparison.RunAsync(before, after, cancel), cancel).ConfigureAwait(false);
    }

    /// <summary>Writes a snapshot as files that other programs read, into a new folder; see <c>docs/snapshots.md</c>.</summary>
    /// <param name="format">Of the disks.</param>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="DoppelException">There is none of that name, it is damaged, or the folder cannot be written: then it is not there.</exception>
    public async Task ExportAsync(string name, string folder, Backends.Disk.DiskFormat format, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        using VmSnapshot snapshot = Load(name);
        await Task.Run(() => new SnapshotExport(snapshot, Path.GetFullPath(folder), format, progress, cancel).RunAsync(), CancellationToken.None).ConfigureAwait(false);
    }

    internal SnapshotManifest Read(string name)
    {
        try
        {
            if (!SnapshotName.IsValid(name)) throw Missing(name);
            SnapshotManifest manifest = ManifestFile.Read(_folder.Manifest(name));
            return manifest.Name == name ? manifest : throw ManifestFile.Damaged(_folder.Manifest(name), $"it is of '{manifest.Name}'");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(name, exception);
        }
    }

    /// <summary>An error: disks were being set back to a snapshot that cannot be read.</summary>
    internal DoppelException Lost(Guid id) =>
        new(ErrorKind.Corrupt, $"the machine's disks were being set back to the snapshot {id:n}, which cannot be read: they are a mixture", "restore another snapshot: doppel snapshot ls");

    /// <returns>Null if there is none that can be read.</returns>
    internal SnapshotManifest? Find(Guid id) => ReadAll([]).FirstOrDefault(m => m.Id == id);

    private List<SnapshotManifest> ReadAll(List<DoppelException> problems)
    {
        var all = new List<SnapshotManifest>();
        foreach (string name in _folder.Names())
        {
            try
            {
                all.Add(Read(name));
            }
            catch (DoppelException exception) when (exception.Kind == ErrorKind.NotFound)
            {
                // Removed meanwhile.
            }
            catch (DoppelException exception)
            {
                problems.Add(exception);
            }
        }

        return all;
    }

    /// <summary>Deletes layers that nobody needs. As long as a manifest cannot be read, what it needs is not known, and all stay.</summary>
    private void Sweep()
    {
        var problems = new List<DoppelException>();
        HashSet<Guid> needed = [.. ReadAll(problems).SelectMany(m => m.Layers)];
        if (problems.Count == 0) _folder.Sweep(needed);
    }

    private FrozenMemory Open(SnapshotManifest manifest, ManifestRegion region)
    {
        var layers = new Dictionary<Guid, LayerFile>();
        try
        {
            IReadOnlyList<(PageRun Run, Guid Layer)> pieces = ManifestFile.Pieces(manifest, region);
            foreach (Guid id in pieces.Select(p => p.Layer).Distinct()) layers.Add(id, OpenLayer(id, (long)region.Length));
            return FrozenMemory.Open(region.Length, pieces, id => layers[id].Reopen());
        }
        finally
        {
            foreach (LayerFile layer in layers.Values) layer.Dispose();
        }
    }

    private FrozenDisk Open(SnapshotManifest manifest, ManifestDisk disk)
    {
        var layers = new Dictionary<Guid, LayerFile>();
        try
        {
            DiskMap map = ManifestFile.Map(manifest, disk);
            foreach (Guid id in map.Extents.Select(e => e.Layer).Where(l => l != DiskMap.Zeroes).Distinct()) layers.Add(id, OpenLayer(id, disk.Length));
            return FrozenDisk.Of(disk.Length, map, new StoredLayers(layers));
        }
        catch
        {
            foreach (LayerFile layer in layers.Values) layer.Dispose();
            throw;
        }
    }

    private LayerFile OpenLayer(Guid id, long length)
    {
        LayerFile layer = LayerFile.Open(_folder.Layer(id), id);
        if (layer.Length == length) return layer;
        layer.Dispose();
        throw ManifestFile.Damaged(_folder.Layer(id), $"it is of something of {layer.Length} bytes, not of {length}");
    }

    private SnapshotInfo Describe(SnapshotManifest manifest, IReadOnlyList<SnapshotManifest> all, Guid? current)
    {
        SnapshotManifest? parent = all.FirstOrDefault(m => m.Id == manifest.Parent);
        return new SnapshotInfo
        {
            Id = manifest.Id,
            Name = manifest.Name,
            Comment = manifest.Comment,
            Parent = parent?.Name,
            Created = manifest.Created,
            IsLive = manifest.State is not null,
            IsCurrent = manifest.Id == current,
            StoredBytes = manifest.Layers.Except(parent?.Layers ?? []).Sum(StoredBytes),
            Config = manifest.Config,
        };
    }

    private long StoredBytes(Guid id)
    {
        if (id == Guid.Empty) return 0;
        using LayerFile layer = LayerFile.Open(_folder.Layer(id), id);
        return layer.Footer.Stored;
    }

    private static DoppelException Missing(string name, Exception? inner = null) => new(ErrorKind.NotFound, $"there is no snapshot '{name}'", "doppel snapshot ls shows all", inner);

    private static DoppelException Taken(string name) => new(ErrorKind.WrongState, $"there is a snapshot '{name}' already", $"another name, or doppel snapshot rm");
}
