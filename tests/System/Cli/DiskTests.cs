using System.Security.Cryptography;

namespace Doppel.Tests.System.Cli;

/// <summary>Raw disks: what the guest writes is what the host file holds.</summary>
[Collection(BootCollection.Name)]
public sealed class DiskTests(DefaultGuest guest) : IDisposable
{
    private const int Size = 8 << 20;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"doppel-test-{Guid.NewGuid():N}.img");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Disk_written_in_the_guest_holds_the_same_bytes_on_the_host()
    {
        guest.Require();
        byte[] before = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(_path, before);
        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, data, "run", "--disk", _path, "--", "sh", "-c",
            "sha256sum < /dev/vda && dd of=/dev/vda bs=4096 seek=512 conv=notrunc 2>/dev/null && sync && sha256sum < /dev/vda");
        Assert.Equal((0, ""), (result.Code, result.Error));
        byte[] after = [.. before];
        data.CopyTo(after, 512 * 4096);
        Assert.Equal([Hash(before), Hash(after)], result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0]));
        Assert.Equal(Hash(after), Hash(await File.ReadAllBytesAsync(_path)));
    }

    [Fact]
    public async Task File_system_made_in_the_guest_survives_a_new_machine()
    {
        guest.Require();
        await File.WriteAllBytesAsync(_path, new byte[Size]);
        DoppelResult made = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--package", "e2fsprogs", "--disk", _path, "--", "sh", "-c",
            "mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && echo kept > /mnt/file && umount /mnt");

        // The package may have to be fetched, and a mirror that does not answer at once is said.
        Assert.True(made.Code == 0, made.Error);
        DoppelResult read = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--disk", _path + ",ro", "--", "sh", "-c", "mount -o ro /dev/vda /mnt && cat /mnt/file");
        Assert.Equal((0, "kept\n", ""), (read.Code, read.Out, read.Error));
    }

    [Fact]
    public async Task Read_only_disk_cannot_be_written()
    {
        guest.Require();
        byte[] before = RandomNumberGenerator.GetBytes(Size);
        await File.WriteAllBytesAsync(_path, before);
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--disk", _path + ",ro", "--", "sh", "-c", "cat /sys/block/vda/ro; dd if=/dev/zero of=/dev/vda bs=512 count=1 2>/dev/null");
        Assert.NotEqual(0, result.Code);
        Assert.Equal("1\n", result.Out);
        Assert.Equal(Hash(before), Hash(await File.ReadAllBytesAsync(_path)));
    }

    [Fact]
    public async Task Disk_of_a_running_machine_is_refused_to_another_one()
    {
        guest.Require();
        await File.WriteAllBytesAsync(_path, new byte[Size]);
        using var first = new DoppelProcess("run", "--disk", _path, "--", "sh", "-c", "echo up >&2; cat");
        await first.WaitForErrorAsync("up", Limits.Boot);
        DoppelResult second = await DoppelProcess.RunAsync("run", "--disk", _path, "--", "true");
        Assert.NotEqual(0, second.Code);
        Assert.Contains(_path, second.Error, StringComparison.Ordinal);
        Assert.Contains("\ntry: ", second.Error, StringComparison.Ordinal);
        first.Input.Close();
        Assert.Equal(0, (await first.WaitAsync(Limits.Boot)).Code);
    }

    private static string Hash(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));
}
