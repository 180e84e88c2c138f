using System.Security.Cryptography;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>Raw files as disks of a Debian guest.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class DebianDiskTests : IDisposable
{
    private const int Megabyte = 1 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Bytes_writtenInTheGuest_areInTheFile()
    {
        byte[] content = RandomNumberGenerator.GetBytes(4 * Megabyte);
        string source = Disk("source.img", content);
        string target = Disk("target.img", new byte[8 * Megabyte]);
        VmConfig config = await DebianGuest.ConfigAsync() with { Disks = [new DiskConfig(source, ReadOnly: true), new DiskConfig(target)] };
        await using (DebianGuest guest = await DebianGuest.BootAsync(config))
        {
            Assert.Equal($"{Convert.ToHexStringLower(SHA256.HashData(content))}  /dev/vda\n", await guest.RunAsync("sha256sum /dev/vda"));
            Assert.Equal("1\n", await guest.RunAsync("cat /sys/block/vda/ro"));
            Assert.Contains("4+0 records out", await guest.RunAsync("dd if=/dev/vda of=/dev/vdb bs=1M seek=2 conv=fsync 2>&1"));

            // Another machine must not write to it now; read-only disks are shared.
            var error = Assert.Throws<DoppelException>(() => VirtualMachine.Create(config));
            Assert.StartsWith("disks[1].path: ", error.Message);
            await guest.PowerOffAsync();
        }

        byte[] written = await File.ReadAllBytesAsync(target);
        Assert.Equal(8 * Megabyte, written.Length);
        Assert.True(written.AsSpan(2 * Megabyte, content.Length).SequenceEqual(content));
        Assert.False(written.AsSpan(0, 2 * Megabyte).ContainsAnyExcept((byte)0));
        Assert.False(written.AsSpan(6 * Megabyte).ContainsAnyExcept((byte)0));
        Assert.Equal(content, await File.ReadAllBytesAsync(source));
    }

    [Fact]
    public async Task FileSystem_madeInTheGuest_survivesAReboot()
    {
        string disk = Disk("ext4.img", new byte[32 * Megabyte]);
        VmConfig config = await DebianGuest.ConfigAsync("e2fsprogs") with { Cpus = 2, Disks = [new DiskConfig(disk)] };
        await using DebianGuest guest = await DebianGuest.BootAsync(config);
        Assert.EndsWith("made\n", await guest.RunAsync("mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && echo made"));
        await guest.RunAsync("seq 1 100000 > /mnt/numbers && sync");

        await guest.RebootAsync();

        Assert.EndsWith("mounted\n", await guest.RunAsync("mount -t ext4 /dev/vda /mnt && echo mounted"));
        Assert.Equal("100000\n", await guest.RunAsync("tail -n 1 /mnt/numbers"));
        Assert.Equal("clean\n", await guest.RunAsync("umount /mnt && e2fsck -f -n /dev/vda > /dev/null 2>&1 && echo clean"));
        await guest.PowerOffAsync();
    }

    private string Disk(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
