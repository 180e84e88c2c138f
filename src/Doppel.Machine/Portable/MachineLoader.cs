using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Core.Trace;
using Doppel.Machine.Named;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>Makes a machine's folder of the objects of a file. What the file says is not trusted: no name in it becomes a path, and what it asks for has bounds.</summary>
internal sealed class MachineLoader(MachineStore store, PortableReader reader, string file, MachineLoad options, IProgress<long>? progress, CancellationToken cancel)
{
    private const long MaxRecord = 16 << 20;

    /// <summary>As of a manifest in the store.</summary>
    private const long MaxText = 64 << 20;

    /// <summary>As for the files of a machine that is made here.</summary>
    private const long MaxBootFile = 1L << 30;

    private readonly HashSet<string> _expected = [];
    private readonly HashSet<string> _taken = [];

    public async Task<NamedMachine> LoadAsync()
    {
        PortableRecord saved = await ReadRecordAsync().ConfigureAwait(false);
        string name = options.Name ?? saved.Machine.Name;
        using NewMachine made = store.Begin(name);
        try
        {
            VmConfig config = saved.Machine.Config with { Name = name, Trace = TraceCategory.None, Engine = options.Engine ?? saved.Machine.Config.Engine };
            if (!options.KeepNetwork) config = config with { Networks = [.. config.Networks.Select(Restrict)] };
            await TakeObjectsAsync(config, saved.IsLive, made).ConfigureAwait(false);
            Check(At(config, made.Folder.Path));
            return made.Finish(saved.Machine with { Format = MachineRecord.CurrentFormat, Name = name, Config = At(config, made.FinalPath) });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw made.Failure(exception);
        }
    }

    private async Task<PortableRecord> ReadRecordAsync()
    {
        long at = reader.Position;
        if (await reader.NextAsync(cancel).ConfigureAwait(false) is not { Name: PortableRecord.ObjectName, Length: <= MaxRecord } first)
            throw PortableErrors.Damaged(file, at, "it does not begin with what the machine is");
        var text = new ByteContent(new byte[first.Length]);
        await reader.CopyToAsync(text, progress, cancel).ConfigureAwait(false);
        return Parse(first.Name, at, () => PortableRecord.Parse(text.Bytes));
    }

    /// <summary>Reads an object that is text.</summary>
    private async Task<T> ReadAsync<T>(string name, long length, long at, Func<byte[], T> parse)
    {
        if (length > MaxText) throw PortableErrors.Damaged(file, at, $"a text of {length} bytes, which cannot be", $"'{name}'");
        var text = new ByteContent(new byte[length]);
        await reader.CopyToAsync(text, progress, cancel).ConfigureAwait(false);
        return Parse(name, at, () => parse(text.Bytes));
    }

    /// <summary>What is wrong with the snapshots, the store finds; it is the file's fault.</summary>
    private void FinishSnapshots(SnapshotsLoader snapshots, long at)
    {
        try
        {
            snapshots.Finish();
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Corrupt)
        {
            throw PortableErrors.Damaged(file, at, $"its snapshots are wrong: {exception.Message}");
        }
    }

    private T Parse<T>(string name, long at, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (JsonException exception)
        {
            throw PortableErrors.Damaged(file, at, exception.Message.TrimEnd('.'), $"'{name}'");
        }
    }

    private async Task TakeObjectsAsync(VmConfig config, bool isLive, NewMachine made)
    {
        MachineFolder folder = made.Folder;
        if (config.Kernel is not null) _expected.Add(BootFile.Kernel);
        if (config.Initrd is not null) _expected.Add(BootFile.Initrd);
        if (config.Bios is not null) _expected.Add(BootFile.Bios);
        Dictionary<string, int> disks = config.Disks.Select((_, i) => i).ToDictionary(PortableRecord.DiskName);
        _expected.UnionWith(disks.Keys);
        if (isLive) _expected.Add(SavedState.ObjectName);
        var suspended = new SuspendedState(folder);
        SavedState? state = null;
        Dictionary<string, int> ram = [];
        _expected.Add(SnapshotObjects.TreeName);
        var snapshots = new SnapshotsLoader(folder.Snapshots, other => other.Disks.Count == config.Disks.Count && other.Networks.Count == config.Networks.Count ? At(other with { Disks = config.Disks, Networks = config.Networks }, made.FinalPath) : null);
        var targets = new List<IAsyncDisposable>();
        try
        {
            long at = reader.Position;
            while (await reader.NextAsync(cancel).ConfigureAwait(false) is { } found)
            {
                if (!_expected.Remove(found.Name)) throw PortableErrors.Damaged(file, at, "an object that the machine has not", $"'{found.Name}'");
                if (found.Name == SavedState.ObjectName)
                {
                    state = await ReadAsync(found.Name, found.Length, at, text => SavedState.Parse(text)).ConfigureAwait(false);
                    state = state with { IsPaused = state.IsPaused || options.Paused };
                    ram = state.Regions.Select((_, i) => i).ToDictionary(SavedState.RamName);
                    _expected.UnionWith(ram.Keys);
                    suspended.Create();
                }
                else if (ram.TryGetValue(found.Name, out int region))
                {
                    if ((ulong)found.Length != state!.Regions[region].Length) throw PortableErrors.Damaged(file, at, "RAM of another length than was said");
                    await TakeFileAsync(suspended.RamFile(region), found.Length, targets).ConfigureAwait(false);
                }
                else if (disks.TryGetValue(found.Name, out int index))
                {
                    await TakeDiskAsync(Path.Combine(folder.Path, DiskFile(config, index)), config.Disks[index].Format!.Value, found.Length, at, targets).ConfigureAwait(false);
                }
                else if (found.Name == SnapshotObjects.TreeName)
                {
                    _expected.UnionWith(await ReadAsync(found.Name, found.Length, at, text => snapshots.TakeTree(text)).ConfigureAwait(false));
                }
                else if (snapshots.IsManifest(found.Name))
                {
                    IEnumerable<Guid> layers = await ReadAsync(found.Name, found.Length, at, text => snapshots.TakeManifest(text)).ConfigureAwait(false);
                    foreach (string layer in layers.Select(SnapshotObjects.LayerName).Where(l => !_taken.Contains(l))) _expected.Add(layer);
                }
                else if (SnapshotObjects.LayerOf(found.Name) is { } layer)
                {
                    await TakeFileAsync(snapshots.LayerFile(layer), found.Length, targets).ConfigureAwait(false);
                }
                else
                {
                    if (found.Length > MaxBootFile) throw PortableErrors.Damaged(file, at, $"a file of {found.Length} bytes, which cannot be");
                    await TakeFileAsync(folder.File(found.Name), found.Length, targets).ConfigureAwait(false);
                }

                _taken.Add(found.Name);
                at = reader.Position;
            }

            _expected.Remove(SnapshotObjects.TreeName);
            if (_expected.Count > 0) throw PortableErrors.Damaged(file, at, $"it ends without '{_expected.Order(StringComparer.Ordinal).First()}'");
            if (state is not null) suspended.Write(state);
            FinishSnapshots(snapshots, at);
        }
        finally
        {
            foreach (IAsyncDisposable target in targets) await target.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <param name="targets">Stay open: other objects may repeat what is in this one.</param>
    private async Task TakeFileAsync(string path, long length, List<IAsyncDisposable> targets)
    {
        var target = FileContent.Create(path, length);
        targets.Add(target);
        await reader.CopyToAsync(target, progress, cancel).ConfigureAwait(false);
        target.Flush();
    }

    private async Task TakeDiskAsync(string path, DiskFormat format, long length, long at, List<IAsyncDisposable> targets)
    {
        if (length == 0 || length % 512 != 0) throw PortableErrors.Damaged(file, at, $"a disk of {length} bytes, which cannot be");
        if (format == DiskFormat.Qcow2) DiskImage.CreateQcow2(path, length, new());
        else DiskImage.CreateRaw(path, length);
        SynchronousDisk disk = DiskImage.Open(path, new DiskOpenOptions { Format = format });
        targets.Add(disk);
        await reader.CopyToAsync(new DiskContent(disk), progress, cancel).ConfigureAwait(false);
        await disk.FlushAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>A network that reaches of the host what every new one does.</summary>
    private NetworkConfig Restrict(NetworkConfig network)
    {
        // A stranger's file names neither files nor interfaces of this host, nor networks of its user.
        network = network with { Capture = null, Kind = network.Kind is NetworkKind.Named or NetworkKind.Tap ? NetworkKind.Host : network.Kind };
        if (network.Kind == NetworkKind.Host) network = new NetworkConfig { Mac = network.Mac, Mtu = network.Mtu };
        if (network.User is not { } user || (!user.HostLoopback && user.Allow.Count == 0 && user.Forwards.Count == 0)) return network;
        options.Warn($"ports of the host that led to the machine, and what was opened to it, are closed: {string.Join(", ", (string[])[.. user.Forwards, .. user.Allow, .. user.HostLoopback ? ["the host's loopback"] : Array.Empty<string>()])}");
        return network with { User = user with { HostLoopback = false, Allow = [], Forwards = [] } };
    }

    /// <summary>The configuration with the files where they are in a folder.</summary>
    private static VmConfig At(VmConfig config, string folder) => config with
    {
        Kernel = config.Kernel is null ? null : Path.Combine(folder, BootFile.Kernel),
        Initrd = config.Initrd is null ? null : Path.Combine(folder, BootFile.Initrd),
        Bios = config.Bios is null ? null : Path.Combine(folder, BootFile.Bios),
        Disks = [.. config.Disks.Select((d, i) => d with { Path = Path.Combine(folder, DiskFile(config, i)), AllowBackingAnywhere = false, CopyOnWrite = false })],
    };

    private static string DiskFile(VmConfig config, int index) => $"disk{index}.{(config.Disks[index].Format == DiskFormat.Qcow2 ? "qcow2" : "img")}";

    /// <summary>That the machine can be built, as for one that is made here.</summary>
    private void Check(VmConfig config)
    {
        var problems = new ConfigProblems();
        _ = VmConfigValidator.Check(config, problems);
        VmConfigValidator.CheckDisks(config, problems);
        try
        {
            problems.ThrowIfAny();
        }
        catch (DoppelException exception)
        {
            throw new DoppelException(exception.Kind, $"{file}: the machine cannot work here: {exception.Message}", exception.Hint, exception);
        }
    }
}
