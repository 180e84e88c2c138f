using System.Text;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Bench.Net;
using Doppel.Images.Guests;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>A guest to run programs in, or one to boot.</summary>
/// <param name="Image">What it is made of.</param>
/// <param name="InitrdPath">The image's initramfs with our files in addition.</param>
/// <param name="MemoryMegabytes">How much RAM it gets.</param>
/// <param name="CommandLine">The kernel's.</param>
internal sealed record BenchGuest(GuestImage Image, string InitrdPath, int MemoryMegabytes, string CommandLine)
{
    /// <summary>A disk that can be written, as a qcow2 image; null if it has none.</summary>
    public string? Disk { get; init; }

    /// <summary>How many processors it has.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>What its network adapter is plugged into; null leaves that to the emulator.</summary>
    public Plug? Plug { get; init; }

    /// <summary>No messages but those of a panic, and a panic ends the machine.</summary>
    private const string Quiet = "console=ttyS0 quiet loglevel=1 panic=-1";

    private const long DiskLength = 1L << 30;

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>A guest whose first process is our agent.</summary>
    /// <param name="program">bench/guest, built for the guest.</param>
    /// <param name="sources">bench/guest.</param>
    /// <param name="folder">Where the initramfs is put.</param>
    public static async Task<BenchGuest> WithAgentAsync(ImageStore store, IReadOnlyList<string> packages, int memoryMegabytes, string program, string sources, string folder)
    {
        List<GuestFile> files = [new("init", await File.ReadAllBytesAsync(program), Executable)];
        foreach (string path in Directory.EnumerateFiles(sources).Concat(Directory.EnumerateFiles(Path.Combine(sources, "debian"))).Order(StringComparer.Ordinal))
            files.Add(new GuestFile("bench/" + Path.GetFileName(path), await File.ReadAllBytesAsync(path)));
        return await MakeAsync(store, packages, files, Path.Combine(folder, string.Join('-', packages.Take(1).Prepend("initrd"))), memoryMegabytes, Quiet);
    }

    /// <summary>The guest with a new disk, which is the contender's alone.</summary>
    /// <param name="folder">Where the image is put.</param>
    public BenchGuest WithDisk(string folder, string contender)
    {
        string image = Path.Combine(folder, $"disk-{contender}.qcow2");
        File.Delete(image);
        DiskImage.CreateQcow2(image, DiskLength, new Qcow2Options());
        return this with { Disk = image, CommandLine = CommandLine + " bench_disk=1" };
    }

    /// <summary>
    /// Debian as it boots: systemd, udev, D-Bus, cron, network, a login prompt on the serial console. The root is the initramfs. Files tell that it has been set
    /// up already, which the packages' scripts would have done.
    /// </summary>
    public static Task<BenchGuest> DebianAsync(ImageStore store, string folder)
    {
        GuestFile[] files =
        [
            Text("etc/machine-id", "00112233445566778899aabbccddeeff\n"),
            // Later than everything under /usr: nothing needs an update.
            Text("etc/.updated", "TIMESTAMP_NSEC=4000000000000000000\n"),
            Text("var/.updated", "TIMESTAMP_NSEC=4000000000000000000\n"),
            // Without one it would be made, by a program that is not here.
            Text("etc/ld.so.cache", ""),
            Text("etc/passwd", """
                root:x:0:0:root:/root:/bin/sh
                messagebus:x:100:100::/nonexistent:/usr/sbin/nologin
                systemd-network:x:998:998::/:/usr/sbin/nologin
                systemd-timesync:x:997:997::/:/usr/sbin/nologin
                nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

                """),
            Text("etc/group", """
                root:x:0:
                adm:x:4:
                tty:x:5:
                disk:x:6:
                lp:x:7:
                kmem:x:15:
                dialout:x:20:
                cdrom:x:24:
                tape:x:26:
                audio:x:29:
                utmp:x:43:
                video:x:44:
                users:x:100:
                input:x:101:
                kvm:x:102:
                render:x:103:
                sgx:x:104:
                clock:x:105:
                crontab:x:106:
                systemd-journal:x:999:
                systemd-network:x:998:
                systemd-timesync:x:997:
                messagebus:x:996:
                nogroup:x:65534:

                """),
        ];
        return MakeAsync(store, Catalog.BootPackages, files, Path.Combine(folder, "initrd-debian"), 1024, "console=ttyS0 quiet panic=-1 audit=0 rdinit=/usr/lib/systemd/systemd");
    }

    private static async Task<BenchGuest> MakeAsync(ImageStore store, IReadOnlyList<string> packages, IReadOnlyList<GuestFile> files, string initrd, int memoryMegabytes, string commandLine)
    {
        GuestImage image = await store.GetAsync(new GuestImageRequest(packages: packages));
        using FileStream output = File.Create(initrd);
        using (FileStream layers = File.OpenRead(image.InitrdPath)) await layers.CopyToAsync(output);
        await output.WriteAsync(GuestFiles.ToArchive(files));
        return new BenchGuest(image, initrd, memoryMegabytes, commandLine);
    }

    private static GuestFile Text(string path, string content) => new(path, Encoding.UTF8.GetBytes(content));
}
