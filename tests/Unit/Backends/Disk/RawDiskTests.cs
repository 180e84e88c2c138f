using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Disk;

public sealed class RawDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Disk_written_data_is_read_back_and_in_the_file()
    {
        string path = Image(1 << 20);
        await using RawDisk disk = RawDisk.Open(path);
        byte[] data = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];
        await disk.WriteAsync(8192, data);
        await disk.FlushAsync();
        byte[] back = new byte[4096];
        await disk.ReadAsync(8192, back);
        Assert.Equal(data, back);
        Assert.Equal(data, File.ReadAllBytes(path)[8192..12288]);
        Assert.Equal(1 << 20, disk.Length);
    }

    [Fact]
    public async Task Disk_write_zeroes_and_discard_leave_neighbours_alone()
    {
        string path = Path.Combine(_folder, "ones.img");
        File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)1, 64 << 10)]);
        await using RawDisk disk = RawDisk.Open(path);
        await disk.WriteZeroesAsync(512, 8192, mayUnmap: true);
        await disk.WriteZeroesAsync(16384, 512, mayUnmap: false);
        await disk.DiscardAsync(32768, 4096);
        await disk.DiscardAsync(0, 0);
        byte[] all = File.ReadAllBytes(path);
        Assert.Equal(64 << 10, all.Length);
        Assert.All(all[..512], b => Assert.Equal(1, b));
        Assert.All(all[512..8704], b => Assert.Equal(0, b));
        Assert.All(all[8704..16384], b => Assert.Equal(1, b));
        Assert.All(all[16384..16896], b => Assert.Equal(0, b));
        Assert.All(all[16896..32768], b => Assert.Equal(1, b));
        Assert.All(all[36864..], b => Assert.Equal(1, b));
    }

    [Theory]
    [InlineData(-512, 512)]
    [InlineData(0, 2048)]
    [InlineData(1024, 512)]
    [InlineData(long.MaxValue - 511, 512)]
    [InlineData(1, 512)]
    [InlineData(0, 100)]
    public async Task Disk_access_outside_or_unaligned_fails(long offset, int length)
    {
        foreach (IBlockBackend disk in new IBlockBackend[] { RawDisk.Open(Image(1024)), new MemoryDisk(1024), new ImmediateDisk(RawDisk.Open(Image(1024))) })
        {
            await using (disk)
            {
                await Assert.ThrowsAsync<IOException>(async () => await disk.ReadAsync(offset, new byte[length]));
                await Assert.ThrowsAsync<IOException>(async () => await disk.WriteAsync(offset, new byte[length]));
                await Assert.ThrowsAsync<IOException>(async () => await disk.DiscardAsync(offset, length));
                await Assert.ThrowsAsync<IOException>(async () => await disk.WriteZeroesAsync(offset, length, true));
            }
        }
    }

    [Fact]
    public async Task Disk_read_only_refuses_to_write()
    {
        foreach (IBlockBackend disk in new IBlockBackend[] { RawDisk.Open(Image(1024), readOnly: true), new MemoryDisk(1024, readOnly: true) })
        {
            await using (disk)
            {
                Assert.True(disk.ReadOnly);
                await disk.ReadAsync(0, new byte[1024]);
                await disk.FlushAsync();
                await Assert.ThrowsAsync<IOException>(async () => await disk.WriteAsync(0, new byte[512]));
                await Assert.ThrowsAsync<IOException>(async () => await disk.DiscardAsync(0, 512));
                await Assert.ThrowsAsync<IOException>(async () => await disk.WriteZeroesAsync(0, 512, false));
            }
        }
    }

    [Fact]
    public async Task Disk_file_that_shrinks_gives_an_error_instead_of_old_bytes()
    {
        string path = Image(4096);
        await using RawDisk disk = RawDisk.Open(path);
        File.OpenHandle(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite).Dispose();
        await Assert.ThrowsAsync<IOException>(async () => await disk.ReadAsync(0, new byte[512]));
    }

    [Fact]
    public void Open_missing_image_says_so()
    {
        DoppelException error = Refused(Path.Combine(_folder, "none.img"), ErrorKind.NotFound);
        Assert.Contains("none.img", error.Message);
        Refused(Path.Combine(_folder, "no", "such.img"), ErrorKind.NotFound);
    }

    [Fact]
    public void Open_directory_says_so() => Assert.Contains("directory", Refused(_folder, ErrorKind.Failed).Message);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_pipe_says_so_instead_of_waiting_for_its_other_end(bool readOnly)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs mkfifo");
        string pipe = Path.Combine(_folder, "pipe");
        using (var made = Process.Start("mkfifo", [pipe])) made.WaitForExit();
        Assert.Contains("pipe", Assert.Throws<DoppelException>(() => RawDisk.Open(pipe, readOnly)).Message);
    }

    [Fact]
    public void Open_empty_image_says_so() => Assert.Contains("empty", Refused(Image(0), ErrorKind.Failed).Message);

    [Fact]
    public void Open_length_that_is_no_multiple_of_512_is_refused() =>
        Assert.Contains("truncate -s %512", Refused(Image(1000), ErrorKind.Failed).Hint);

    [Theory]
    [InlineData("qcow2", new byte[] { 0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3 })]
    [InlineData("VMDK", new byte[] { 0x4b, 0x44, 0x4d, 0x56 })]
    public void Open_other_format_is_named(string format, byte[] magic)
    {
        string path = Image(1024);
        using (FileStream file = File.OpenWrite(path)) file.Write(magic);
        Assert.Contains(format, Refused(path, ErrorKind.Failed).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_without_permission_says_so(bool readOnly)
    {
        // Tests may run as root, who is refused nothing: so only what is made of the refusal.
        DoppelException error = ImageFile.Explain("secret.img", readOnly, new UnauthorizedAccessException());
        Assert.Equal(ErrorKind.Denied, error.Kind);
        Assert.Contains("secret.img", error.Message);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public async Task Lock_second_writer_is_refused_until_the_first_has_gone()
    {
        string path = Image(1024);
        await using (RawDisk.Open(path))
        {
            Assert.NotNull(Refused(path, ErrorKind.WrongState).Hint);
            Refused(path, ErrorKind.WrongState, readOnly: true);
        }

        await using RawDisk again = RawDisk.Open(path);
    }

    [Fact]
    public async Task Lock_readers_share_and_keep_writers_out()
    {
        string path = Image(1024);
        await using RawDisk first = RawDisk.Open(path, readOnly: true);
        await using (RawDisk.Open(path, readOnly: true)) Refused(path, ErrorKind.WrongState);
        Refused(path, ErrorKind.WrongState);
    }

    private static DoppelException Refused(string path, ErrorKind kind, bool readOnly = false)
    {
        DoppelException error = Assert.Throws<DoppelException>(() => RawDisk.Open(path, readOnly));
        Assert.Equal(kind, error.Kind);
        return error;
    }

    private string Image(long length)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.img");
        using FileStream file = File.Create(path);
        file.SetLength(length);
        return path;
    }
}
