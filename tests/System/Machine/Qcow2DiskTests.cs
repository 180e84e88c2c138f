using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>A file system of a Debian guest in a qcow2 image on another one.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class Qcow2DiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task FileSystem_inALayer_survivesAReboot_andLeavesTheImageInOrder()
    {
        string below = Path.Combine(_folder, "base.qcow2"), disk = Path.Combine(_folder, "disk.qcow2");
        DiskImage.CreateQcow2(below, 256 << 20, new Qcow2Options());
        DiskImage.CreateQcow2(disk, 256 << 20, new Qcow2Options { BackingName = "base.qcow2", Subclusters = true, ClusterSize = 128 << 10 });
        byte[] belowBefore = await File.ReadAllBytesAsync(below);
        VmConfig config = await DebianGuest.ConfigAsync("e2fsprogs") with { Cpus = 2, Disks = [new DiskConfig(disk)] };
        await using (DebianGuest guest = await DebianGuest.BootAsync(config))
        {
            Assert.EndsWith("made\n", await guest.RunAsync("mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && echo made"));
            await guest.RunAsync("seq 1 200000 > /mnt/numbers; for i in 1 2 3 4 5 6 7 8; do cp /mnt/numbers /mnt/copy$i; done; rm /mnt/copy2 /mnt/copy5; sync");

            await guest.RebootAsync();

            Assert.EndsWith("mounted\n", await guest.RunAsync("mount -t ext4 /dev/vda /mnt && echo mounted"));
            Assert.Equal("6\n", await guest.RunAsync("cat /mnt/copy* | grep -c '^200000$'"));
            Assert.Equal("clean\n", await guest.RunAsync("fstrim /mnt; umount /mnt && e2fsck -f -n /dev/vda > /dev/null 2>&1 && echo clean"));
            await guest.PowerOffAsync();
        }

        Qcow2CheckResult result = (await DiskCheck.RunAsync(disk, new DiskOpenOptions(), repair: false)).Found;
        Assert.True(result.IsClean, string.Join('\n', result.Messages));
        Assert.Equal(belowBefore, await File.ReadAllBytesAsync(below));
        try
        {
            using Process check = Process.Start(new ProcessStartInfo("qemu-img", ["check", "-f", "qcow2", disk]) { RedirectStandardOutput = true })!;
            string output = await check.StandardOutput.ReadToEndAsync();
            await check.WaitForExitAsync();
            Assert.True(check.ExitCode == 0, output);
        }
        catch (global::System.ComponentModel.Win32Exception)
        {
            Assert.Skip("the rest needs qemu-img (Debian package qemu-utils)");
        }
    }
}
