using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Host.Files;

namespace Doppel.Machine.Named.Forks;

/// <summary>
/// The disks of a running machine that is forked. Those whose files are all in its folder it shares with its children: nobody writes to these files any more, and it goes on in a layer above them,
/// as each child does. Files elsewhere are the user's, and stay the machine's disks: children need a copy.
/// </summary>
/// <remarks>The record of the machine names a layer before it is used, and an empty one reads as what is below: a process that is killed at any moment leaves a machine that has its disks.</remarks>
internal sealed class ForkDisks(MachineFolder folder, VirtualMachine machine)
{
    /// <summary>What lies lowest is looked for in all layers above. A machine with more becomes one with two, before it is forked.</summary>
    public const int MaxLayers = 32;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Looks after what an earlier process left. Before the machine runs.</summary>
    /// <exception cref="DoppelException">The host cannot make the layers durable.</exception>
    public void Begin()
    {
        try
        {
            foreach (SnapshotDisk? disk in Own()) disk?.FlushLayersBelow();
            Sweep();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(ErrorKind.Failed, $"{machine.Config.Name}: the layers of its disks cannot be looked after: {exception.Message.TrimEnd('.')}", $"look at the file system of {folder.Path}", exception);
        }
    }

    /// <summary>Keeps the machine's state.</summary>
    /// <param name="shared">Gets the files of the disks that can be shared.</param>
    /// <param name="progress">How much has been copied of disks that have too many layers, from 0 to 1.</param>
    /// <exception cref="DoppelException">The machine has ended, or a layer cannot be made.</exception>
    /// <exception cref="IOException">The host has no room.</exception>
    public async Task<VmSnapshot> KeepAsync(ForkDiskFiles shared, IProgress<double>? progress, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            IReadOnlyList<SnapshotDisk?> own = Own();
            await FlattenAsync(own, progress, cancel).ConfigureAwait(false);
            while (true)
            {
                await SealAsync(own).ConfigureAwait(false);
                await PrepareLayersAsync(own).ConfigureAwait(false);
                VmSnapshot snapshot = await machine.SnapshotAsync().ConfigureAwait(false);
                try
                {
                    await SealAsync(own).ConfigureAwait(false);
                    // A layer that was empty a moment ago, so that no other one was made, may have been written to since; or a snapshot came between, and took the layer that was made.
                    if (!own.Zip(snapshot.Disks).Any(pair => pair is (not null, { Layers: null })))
                    {
                        for (int i = 0; i < own.Count; i++)
                        {
                            if (own[i] is not null) shared.Share(i, snapshot.Disks[i]!.Layers!);
                        }

                        return snapshot;
                    }
                }
                catch
                {
                    snapshot.Dispose();
                    throw;
                }

                snapshot.Dispose();
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Deletes layers of which no disk of the machine consists: a process that made them, or put the disk onto others, was killed then. Only of disks that are the machine's own.</summary>
    private void Sweep()
    {
        // The record may name a layer in which a disk does not go on yet.
        HashSet<string?> used = [.. machine.WritableDisks.SelectMany(disk => disk?.Layers ?? []).Select(layer => Path.GetFileName(layer.Path)), .. folder.Read().Config.Disks.Select(disk => Path.GetFileName(disk.Path))];
        IReadOnlyList<SnapshotDisk?> own = Own();
        foreach (string file in Directory.GetFiles(folder.Path, "disk*"))
        {
            string name = Path.GetFileName(file);
            if (!used.Contains(name) && Enumerable.Range(0, own.Count).Any(number => own[number] is not null && MachineFolder.IsOfDisk(name, number))) File.Delete(file);
        }
    }

    /// <summary>The disks whose files are all in the machine's folder; null in the place of others.</summary>
    private IReadOnlyList<SnapshotDisk?> Own() => [.. machine.WritableDisks.Select(disk => disk?.Layers is { Count: > 0 } layers && layers.All(layer => folder.Holds(layer.Path)) ? disk : null)];

    private async Task FlattenAsync(IReadOnlyList<SnapshotDisk?> own, IProgress<double>? progress, CancellationToken cancel)
    {
        for (int i = 0; i < own.Count; i++)
        {
            if (own[i] is not { } disk || disk.Layers.Count <= MaxLayers) continue;
            await disk.SealAsync().ConfigureAwait(false);
            await disk.FlattenAsync(folder.NewDisk(i, DiskFormat.Raw), at => progress?.Report((double)at / disk.Length), cancel).ConfigureAwait(false);
            Sweep();
        }
    }

    private static async Task SealAsync(IEnumerable<SnapshotDisk?> disks)
    {
        foreach (SnapshotDisk? disk in disks)
        {
            if (disk is not null) await disk.SealAsync().ConfigureAwait(false);
        }
    }

    private async Task PrepareLayersAsync(IReadOnlyList<SnapshotDisk?> disks)
    {
        var made = new List<(SnapshotDisk Disk, SynchronousDisk Layer)>();
        try
        {
            MachineRecord record = folder.Read();
            DiskConfig[] named = [.. record.Config.Disks];
            for (int i = 0; i < disks.Count; i++)
            {
                if (disks[i] is not { NeedsLayer: true } disk) continue;
                SynchronousDisk layer = disk.MakeLayer(folder.NewDisk(i, DiskFormat.Qcow2));
                made.Add((disk, layer));
                named[i] = new DiskConfig(layer.Path, Format: DiskFormat.Qcow2);
            }

            if (made.Count == 0) return;

            // They are there before the record names them.
            AtomicFile.FlushFolder(folder.Path);
            folder.Write(record with { Config = record.Config with { Disks = named } });
        }
        catch
        {
            // The record may name them by now. Those that it does not are deleted when the machine begins the next time.
            foreach ((_, SynchronousDisk layer) in made) await layer.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        foreach ((SnapshotDisk disk, SynchronousDisk layer) in made) disk.GoOnIn(layer);
    }
}
