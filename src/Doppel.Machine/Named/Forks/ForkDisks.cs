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
    /// <summary>What lies lowest is looked for in all layers above. With more, children get a copy, and so does the machine.</summary>
    public const int MaxLayers = 32;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Keeps the machine's state.</summary>
    /// <returns>It, and for each disk the files that hold what was on it, the uppermost first: never to change again as long as they have a name. Null for disks that cannot be shared.</returns>
    /// <exception cref="DoppelException">The machine has ended, or a layer cannot be made.</exception>
    /// <exception cref="IOException">The host has no room.</exception>
    public async Task<(VmSnapshot Snapshot, IReadOnlyList<IReadOnlyList<DiskLayer>?> Layers)> KeepAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            while (true)
            {
                IReadOnlyList<SnapshotDisk?> own = [.. machine.WritableDisks.Select(disk => disk is not null && IsOwn(disk) ? disk : null)];
                await SealAsync(own).ConfigureAwait(false);
                await PrepareLayersAsync(own).ConfigureAwait(false);
                VmSnapshot snapshot = await machine.SnapshotAsync().ConfigureAwait(false);
                try
                {
                    await SealAsync(own).ConfigureAwait(false);
                    // A layer that was empty a moment ago, so that no other one was made, may have been written to since.
                    if (!own.Zip(snapshot.Disks).Any(pair => pair is (not null, { Layers: null }))) return (snapshot, [.. own.Zip(snapshot.Disks, (disk, kept) => disk is null ? null : kept?.Layers)]);
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

    /// <summary>The machine lies on one file instead of many that nobody writes to, if it does not lie on others by now. Those of them that are its own go.</summary>
    /// <param name="content">What is in these files.</param>
    /// <param name="copy">The same, raw and durable.</param>
    /// <exception cref="DoppelException">It cannot be opened.</exception>
    /// <exception cref="IOException">The host could not do it: the machine lies on its old files.</exception>
    public async Task AdoptAsync(int number, FrozenDisk content, string copy)
    {
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            string path = folder.NewDisk(number, DiskFormat.Raw);
            FileLink.LinkOrCopy(copy, path);
            AtomicFile.FlushFolder(folder.Path);
            bool isDone = false;
            try
            {
                isDone = await machine.WritableDisks[number]!.PutOntoAsync(content, path).ConfigureAwait(false);
            }
            finally
            {
                if (!isDone) File.Delete(path);
            }

            if (isDone) foreach (DiskLayer layer in content.Layers!) File.Delete(layer.Path);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Deletes layers that a process made or left, and was killed before they were used, or after: those of which no disk of the machine consists. Before the machine runs.</summary>
    public void Sweep()
    {
        HashSet<string> used = [.. machine.WritableDisks.SelectMany(disk => disk?.Layers ?? []).Select(layer => layer.Path), .. machine.Config.Disks.Select(disk => disk.Path)];
        foreach (string file in Directory.GetFiles(folder.Path, "disk*"))
        {
            if (IsFurther(Path.GetFileName(file)) && !used.Contains(file)) File.Delete(file);
        }

        // What MachineFolder.NewDisk makes of a disk that has a file already.
        static bool IsFurther(string name) => name.Split('.') is [_, var number, "raw" or "qcow2"] && number.All(char.IsAsciiDigit);
    }

    private bool IsOwn(SnapshotDisk disk) => disk.Layers is { Count: > 0 } layers && layers.All(layer => Path.GetDirectoryName(Path.GetFullPath(layer.Path)) == folder.Path);

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

            if (made.Count > 0) folder.Write(record with { Config = record.Config with { Disks = named } });
        }
        catch
        {
            foreach ((_, SynchronousDisk layer) in made)
            {
                await layer.DisposeAsync().ConfigureAwait(false);
                File.Delete(layer.Path);
            }

            throw;
        }

        foreach ((SnapshotDisk disk, SynchronousDisk layer) in made) disk.GoOnIn(layer);
    }
}
