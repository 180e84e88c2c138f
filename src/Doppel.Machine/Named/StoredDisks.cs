using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;
using Doppel.Machine.Portable;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Named;

/// <summary>The disks of a machine that is switched off, and its snapshots. Who calls has taken the machine.</summary>
internal static class StoredDisks
{
    /// <summary>What the disks hold. They stay open and locked until the snapshot is disposed of.</summary>
    /// <exception cref="Core.Errors.DoppelException">A disk cannot be opened.</exception>
    public static async Task<VmSnapshot> TakeAsync(VmConfig config)
    {
        var contents = new List<FrozenDisk?>();
        try
        {
            foreach (DiskConfig disk in config.Disks)
            {
                if (disk.ReadOnly)
                {
                    contents.Add(null);
                    continue;
                }

                var live = new SnapshotDisk(MachineBuilder.Open(disk with { ReadOnly = true }));
                contents.Add(live.Freeze());
                await live.DisposeAsync().ConfigureAwait(false);
            }

            return VmSnapshot.OfDisks(config, contents);
        }
        catch
        {
            foreach (FrozenDisk? content in contents) content?.Dispose();
            throw;
        }
    }

    /// <summary>Makes the disks what they were. What is interrupted is noted in the store, and completed by <see cref="CompleteAsync"/>.</summary>
    /// <exception cref="Core.Errors.DoppelException">A disk cannot be opened, or the snapshot does not fit; or it is damaged: then the disks may be a mixture, which the store knows.</exception>
    public static async Task RestoreAsync(MachineFolder folder, SnapshotManifest manifest, VmConfig config, CancellationToken cancel)
    {
        SnapshotStore store = folder.Snapshots;
        using VmSnapshot snapshot = store.Load(manifest);
        var disks = new List<IBlockBackend>();
        try
        {
            foreach (DiskConfig disk in config.Disks)
            {
                IBlockBackend opened = MachineBuilder.Open(disk);
                disks.Add(disk.ReadOnly ? opened : new SnapshotDisk(opened));
            }

            snapshot.CheckDisks(config.Name, disks);
            using IDisposable held = await store.Files.LockAsync(cancel).ConfigureAwait(false);
            store.Files.Restoring = manifest.Id;
            new SuspendedState(folder).Discard();
            await snapshot.LoadDisksAsync(config.Name, disks).ConfigureAwait(false);
            store.Files.Restored(manifest.Id);
        }
        finally
        {
            foreach (IBlockBackend disk in disks) await disk.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Completes a restore that was interrupted.</summary>
    /// <returns>The snapshot, if it has the rest of the machine, too: then the machine is to go on from it.</returns>
    public static async Task<SnapshotManifest?> CompleteAsync(MachineFolder folder, VmConfig config, CancellationToken cancel)
    {
        SnapshotStore store = folder.Snapshots;
        if (store.Files.Restoring is not { } id) return null;
        SnapshotManifest manifest = store.Find(id) ?? throw store.Lost(id);
        if (manifest.State is not null) return manifest;
        await RestoreAsync(folder, manifest, config, cancel).ConfigureAwait(false);
        return null;
    }
}
