using System.Runtime.CompilerServices;
using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Machine.Named;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>Writes the objects of a machine that is not running.</summary>
internal static class MachineSaver
{
    public static async Task<IReadOnlyList<SavedObject>> SaveAsync(NamedMachine machine, PortableWriter writer, IProgress<double>? progress, CancellationToken cancel)
    {
        MachineRecord record = machine.Folder.Read();
        using IDisposable taken = machine.Folder.Take(machine.Name);
        var disks = new List<SynchronousDisk>();
        try
        {
            foreach (DiskConfig disk in record.Config.Disks) disks.Add(Open(disk));
            var objects = new MachineObjects(writer, progress);
            await using ConfiguredAsyncDisposable _ = objects.ConfigureAwait(false);
            DiskFormat[] formats = [.. record.Config.Disks.Select(FormatOf)];
            objects.Add(PortableRecord.ObjectName, new ByteContent(JsonSerializer.SerializeToUtf8Bytes(PortableRecord.Of(record, PortableState.Stopped, formats), PortableJson.Default.PortableRecord)));
            foreach ((string name, string path) in BootFiles(record.Config)) objects.Add(name, FileContent.Open(path));
            for (int i = 0; i < disks.Count; i++) objects.Add(PortableRecord.DiskName(i), new DiskContent(disks[i]));
            return await objects.WriteAsync(cancel).ConfigureAwait(false);
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

    private static DiskFormat FormatOf(DiskConfig disk) => disk.Format ?? DiskFormats.OfName(disk.Path);

    private static SynchronousDisk Open(DiskConfig disk) =>
        DiskImage.Open(disk.Path, new DiskOpenOptions { Format = disk.Format, ReadOnly = true, AllowBackingAnywhere = disk.AllowBackingAnywhere });
}
