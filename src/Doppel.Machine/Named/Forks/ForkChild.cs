using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Net;
using Doppel.Host.Files;

namespace Doppel.Machine.Named.Forks;

/// <summary>
/// The folder of a child: the parent's kernel and initramfs under further names, and for each disk that can be written a layer of its own on what was on the parent's, which all children of a fork
/// share.
/// </summary>
internal static class ForkChild
{
    /// <summary>Makes a child, which does not run yet.</summary>
    /// <exception cref="IOException">There is one of that name by now, or no room.</exception>
    public static NamedMachine Finish(NewMachine made, MachineRecord parent, string name, ForkFolder fork)
    {
        VmConfig config = parent.Config;
        return made.Finish(parent with
        {
            Name = name,
            Created = TimeProvider.System.GetUtcNow(),
            Parent = parent.Name,
            Config = config with
            {
                Name = name,
                Kernel = Link(config.Kernel, "kernel"),
                Initrd = Link(config.Initrd, "initrd"),
                Bios = Link(config.Bios, "bios"),
                Networks = [.. config.Networks.Select(network => VirtualMachine.ForCopy(network) with { Mac = MacAddress.Random().ToString() })],
                Disks = [.. config.Disks.Select((disk, number) => fork.Disks.Give(number, made.Folder) is { } below ? On(below, number) : Keep(disk))],
            },
        });

        string? Link(string? source, string file)
        {
            if (source is null) return null;
            FileLink.LinkOrCopy(source, made.Folder.File(file));
            return Path.Combine(made.FinalPath, file);
        }

        // A disk in the parent's folder goes with the parent; others are where they are.
        DiskConfig Keep(DiskConfig disk) => new MachineFolder(Path.Combine(Path.GetDirectoryName(made.FinalPath)!, parent.Name)).Holds(disk.Path) ? disk with { Path = Link(disk.Path, Path.GetFileName(disk.Path))! } : disk;

        DiskConfig On(DiskLayer below, int number)
        {
            string image = made.Folder.NewDisk(number, DiskFormat.Qcow2);
            var options = new Qcow2Options { BackingName = Path.GetFileName(below.Path), BackingFormat = below.Format, Subclusters = true };
            DiskImage.CreateQcow2(image, DiskImage.SizeOfBacking(image, options, allowAnywhere: false), options);
            return new DiskConfig(Path.Combine(made.FinalPath, Path.GetFileName(image)), Format: DiskFormat.Qcow2);
        }
    }
}
