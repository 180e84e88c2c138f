using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Machine.Named.Forks;

/// <summary>
/// What was on the disks of a machine that was forked, in the folder of the fork: <c>disk0.raw</c> is a copy; or <c>disk0.raw</c> or <c>disk0.qcow2</c> leads to the uppermost of the layers in
/// <c>disk0.layers</c>, under the names by which they name each other. There is nothing for disks that cannot be written.
/// </summary>
internal sealed class ForkDiskFiles(string folder)
{
    /// <summary>Whether there is something for a disk.</summary>
    public bool Has(int number) => File.Exists(Place(number, DiskFormat.Raw)) || File.Exists(Place(number, DiskFormat.Qcow2));

    /// <summary>Gives the layers further names, and has nobody write to them by mistake.</summary>
    /// <param name="layers">The uppermost first.</param>
    public void Share(int number, IReadOnlyList<DiskLayer> layers)
    {
        string place = Path.Combine(folder, $"disk{number}.layers");
        Directory.CreateDirectory(place);
        foreach (DiskLayer layer in layers)
        {
            // What has further names was shared before, or is the cache's, whose files are not ours to change.
            if (!OperatingSystem.IsWindows() && FileLink.Count(layer.Path) == 1) File.SetUnixFileMode(layer.Path, File.GetUnixFileMode(layer.Path) & ~(UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
            FileLink.LinkOrCopy(layer.Path, Path.Combine(place, Path.GetFileName(layer.Path)));
        }

        File.CreateSymbolicLink(Place(number, layers[0].Format), Path.Combine(place, Path.GetFileName(layers[0].Path)));
    }

    /// <summary>Copies what was on a disk, unless the host can have both share the storage. Durable, as what the children make durable lies on it.</summary>
    /// <param name="reached">Told up to which byte of the disk all has been copied.</param>
    public async Task CopyAsync(int number, FrozenDisk disk, Action<long> reached, CancellationToken cancel)
    {
        using SafeFileHandle target = File.OpenHandle(Place(number, DiskFormat.Raw), FileMode.CreateNew, FileAccess.Write);
        if (!await disk.TryCloneAsync(target, cancel).ConfigureAwait(false))
        {
            RandomAccess.SetLength(target, disk.Length);
            byte[] buffer = new byte[1 << 20];
            for (long at = 0; (at = await disk.NextDataAsync(at, cancel).ConfigureAwait(false)) < disk.Length;)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, disk.Length - at));
                await disk.ReadAsync(at, part, cancel).ConfigureAwait(false);
                if (part.Span.ContainsAnyExcept((byte)0)) await RandomAccess.WriteAsync(target, part, at, cancel).ConfigureAwait(false);
                at += part.Length;
                reached(at);
            }
        }

        FileRange.Flush(target);
    }

    /// <summary>Gives a child the files, so that it needs the fork no longer.</summary>
    /// <returns>The one on which the child's own layer is to lie; null for a disk that cannot be written.</returns>
    /// <exception cref="IOException">They are gone, or there is no room.</exception>
    public DiskLayer? Give(int number, MachineFolder child)
    {
        foreach (DiskFormat format in (DiskFormat[])[DiskFormat.Raw, DiskFormat.Qcow2])
        {
            var file = new FileInfo(Place(number, format));
            if (!file.Exists) continue;
            if (file.LinkTarget is not { } top)
            {
                FileLink.LinkOrCopy(file.FullName, child.File($"disk{number}.base"));
                return new DiskLayer(child.File($"disk{number}.base"), format);
            }

            foreach (string layer in Directory.GetFiles(Path.GetDirectoryName(top)!)) FileLink.LinkOrCopy(layer, child.File(Path.GetFileName(layer)));
            return new DiskLayer(child.File(Path.GetFileName(top)), format);
        }

        return null;
    }

    private string Place(int number, DiskFormat format) => Path.Combine(folder, $"disk{number}.{DiskFormats.Name(format)}");
}
