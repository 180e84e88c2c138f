using Doppel.Images.Store;
using Doppel.Machine;
using Doppel.Tests.System.Cli;
using Doppel.Tests.System.Machine;

namespace Doppel.Tests.System.Images;

/// <summary>Debian on a disk, built here from Debian's packages: it boots to a login, is all well, and keeps what is written.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class DebianDiskImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-debian-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Debian_bootsFromItsDisk_isWell_andKeepsAFileAcrossAReboot()
    {
        GuestImage image = await DebianDisk.ImageAsync();
        await DebianDisk.AssertSucceedsAsync("qemu-img", "check", "-f", "qcow2", image.DiskPath!);
        string layer = Path.Combine(_folder, "layer.qcow2"), raw = Path.Combine(_folder, "disk.raw");
        await using (DebianDisk guest = await DebianDisk.BootAsync(image, layer))
        {
            Assert.Equal("running\n", await guest.RunAsync("systemctl is-system-running --wait"));
            Assert.Equal("", await guest.RunAsync("systemctl list-units --failed --no-legend --plain --no-pager"));
            Assert.Equal("", await guest.RunAsync("dpkg --audit"));
            // But for what is left out on purpose, and settings.
            Assert.Equal("", await guest.RunAsync("dpkg --verify 2>&1 | grep -v -e missing -e ' c /etc/'"));
            string id = await guest.RunAsync("cat /etc/machine-id");
            Assert.Matches("^[0-9a-f]{32}\n$", id);
            Assert.Equal("", await guest.RunAsync("echo kept > /root/file"));

            await guest.RebootAsync();
            Assert.Equal("kept\n", await guest.RunAsync("cat /root/file"));
            Assert.Equal(id, await guest.RunAsync("cat /etc/machine-id"));
            Assert.Equal(VmExitReason.PowerOff, (await guest.PowerOffAsync()).Reason);
        }

        await DebianDisk.AssertSucceedsAsync("qemu-img", "convert", "-O", "raw", layer, raw);
        await DebianDisk.AssertSucceedsAsync("e2fsck", "-f", "-n", raw);
    }

    [Fact]
    public async Task Command_runsInDebian_andLeavesTheImageAsItWas()
    {
        GuestImage image = await DebianDisk.ImageAsync();
        DateTime written = File.GetLastWriteTimeUtc(image.DiskPath!);
        DoppelResult result = await DoppelProcess.RunAsync(DebianDisk.Patience, "some input\n"u8.ToArray(), "run", "debian", "--", "sh", "-c", "cat; systemctl is-system-running --wait; touch /root/file && echo made >&2; exit 42");
        Assert.Equal((42, "some input\nrunning\n", "made\n"), (result.Code, result.Out, result.Error));
        Assert.Equal(written, File.GetLastWriteTimeUtc(image.DiskPath!));
    }
}
