using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine.Named;
using Doppel.Machine.Named.Control;
using Doppel.Machine.Portable.Format;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Portable;

/// <summary>Writes the records of a machine: what it is, what it boots, its state if it is switched on, its disks, its snapshots.</summary>
internal static class MachineSaver
{
    /// <summary>Saves a machine, through its process if it has one.</summary>
    /// <param name="output">Where the records go.</param>
    public static async Task<IReadOnlyList<SavedObject>> SaveAsync(NamedMachine machine, Stream output, IProgress<double>? progress, CancellationToken cancel)
    {
        MachineRecord record = machine.Read();
        for (bool again = true; machine.Folder.IsTaken(); again = false)
        {
            try
            {
                (NetworkStream stream, _) = await ControlClient.OpenAsync(machine.Folder.Socket, machine.Name, new ControlRequest(ControlVerb.Save), null, cancel).ConfigureAwait(false);
                await using (stream.ConfigureAwait(false)) return await SaveLink.ReceiveAsync(stream, machine.Name, output, progress, cancel).ConfigureAwait(false);
            }
            catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable && again)
            {
                // It ended just now, or is about to start.
                await Task.Delay(100, cancel).ConfigureAwait(false);
            }
        }

        using IDisposable taken = machine.Folder.Take(machine.Name);
        var suspended = new SuspendedState(machine.Folder);
        if (!suspended.IsThere) return await WriteAsync(record, machine.Folder.Snapshots, null, false, output, progress, cancel).ConfigureAwait(false);
        (VmSnapshot snapshot, bool isPaused) = suspended.Load(record.Config);
        using (snapshot) return await WriteAsync(record, machine.Folder.Snapshots, snapshot, isPaused, output, progress, cancel).ConfigureAwait(false);
    }

    /// <summary>Writes all records of a machine.</summary>
    /// <param name="snapshot">The state of one that is switched on; remains the caller's.</param>
    /// <param name="snapshots">The machine's.</param>
    /// <param name="isPaused">Whether that one is to wait until it is resumed.</param>
    public static async Task<IReadOnlyList<SavedObject>> WriteAsync(MachineRecord record, SnapshotStore snapshots, VmSnapshot? snapshot, bool isPaused, Stream output, IProgress<double>? progress, CancellationToken cancel)
    {
        var disks = new List<SynchronousDisk>();
        try
        {
            using var writer = new PortableWriter(output);
            var objects = new MachineObjects(writer, progress);
            await using ConfiguredAsyncDisposable _ = objects.ConfigureAwait(false);
            objects.Add(PortableRecord.ObjectName, new ByteContent(JsonSerializer.SerializeToUtf8Bytes(PortableRecord.Of(record, snapshot is not null), PortableJson.Default.PortableRecord)));
            foreach ((string name, string path) in BootFiles(record.Config)) objects.Add(name, FileContent.Open(path));
            if (snapshot is not null)
            {
                objects.Add(SavedState.ObjectName, new ByteContent(SavedState.Of(snapshot, isPaused).ToBytes()));
                for (int i = 0; i < snapshot.Regions.Count; i++) objects.Add(SavedState.RamName(i), new RamContent(snapshot.Regions[i].Content));
            }

            for (int i = 0; i < record.Config.Disks.Count; i++)
            {
                if (snapshot?.Disks[i] is { } frozen)
                {
                    objects.Add(PortableRecord.DiskName(i), new FrozenDiskContent(frozen));
                    continue;
                }

                disks.Add(Open(record.Config.Disks[i]));
                objects.Add(PortableRecord.DiskName(i), new DiskContent(disks[^1]));
            }

            await SnapshotObjects.AddAsync(objects, snapshots, cancel).ConfigureAwait(false);
            IReadOnlyList<SavedObject> written = await objects.WriteAsync(cancel).ConfigureAwait(false);
            await writer.FinishAsync(cancel).ConfigureAwait(false);
            return written;
        }
        finally
        {
            foreach (SynchronousDisk disk in disks) await disk.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What the machine boots: names of objects, and paths.</summary>
    private static IEnumerable<(string Name, string Path)> BootFiles(VmConfig config)
    {
        if (config.Kernel is { } kernel) yield return (BootFile.Kernel, kernel);
        if (config.Initrd is { } initrd) yield return (BootFile.Initrd, initrd);
        if (config.Bios is { } bios) yield return (BootFile.Bios, bios);
    }

    private static SynchronousDisk Open(DiskConfig disk) =>
        DiskImage.Open(disk.Path, new DiskOpenOptions { Format = disk.Format, ReadOnly = true, AllowBackingAnywhere = disk.AllowBackingAnywhere });
}
