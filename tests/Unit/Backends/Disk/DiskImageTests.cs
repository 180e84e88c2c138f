using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Disk;

/// <summary>Which format an image has, and which files below it are opened.</summary>
public sealed class DiskImageTests : IDisposable
{
    private const long Size = 1 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Image_named_qcow2_is_qcow2()
    {
        string path = Qcow2("disk.qcow2");
        await using SynchronousDisk disk = DiskImage.Open(path);
        Assert.IsType<Qcow2Disk>(disk);
        Assert.Equal(Size, disk.Length);
        Assert.Equal(65536, disk.AllocationSize);
    }

    [Fact]
    public void Name_and_contents_that_disagree_are_refused_with_a_way_out()
    {
        string raw = At("raw.qcow2");
        File.WriteAllBytes(raw, new byte[Size]);
        Assert.Contains("format=raw", Refused(raw, ErrorKind.Failed).Hint);
        string qcow2 = At("qcow2.img");
        File.Move(Qcow2("x.qcow2"), qcow2);
        Assert.Contains("format=qcow2", Refused(qcow2, ErrorKind.Failed).Hint);
        Refused(At("disk.vmdk"), ErrorKind.Failed);
        Refused(raw, ErrorKind.Failed, new DiskOpenOptions { Format = DiskFormat.Qcow2 });
    }

    [Fact]
    public async Task Format_that_is_said_counts_more_than_the_name()
    {
        string qcow2 = At("disk.img");
        File.Move(Qcow2("x.qcow2"), qcow2);
        await using (SynchronousDisk disk = DiskImage.Open(qcow2, new DiskOpenOptions { Format = DiskFormat.Qcow2 })) Assert.Equal(Size, disk.Length);

        // A guest may have written anything to its raw disk.
        await using (SynchronousDisk disk = DiskImage.Open(qcow2, new DiskOpenOptions { Format = DiskFormat.Raw })) Assert.IsType<RawDisk>(disk);
    }

    [Fact]
    public async Task Stack_of_layers_reads_as_one_disk()
    {
        byte[] model = new byte[Size];
        var random = new Random(1);
        string path = Qcow2("0.qcow2");
        for (int layer = 0; layer < 32; layer++)
        {
            if (layer > 0) path = Qcow2($"{layer}.qcow2", Path.GetFileName(path), 1 << random.Next(9, 18));
            await using SynchronousDisk disk = DiskImage.Open(path);
            for (int i = 0; i < 4; i++)
            {
                byte[] data = new byte[512 * random.Next(1, 100)];
                random.NextBytes(data);
                int at = random.Next((model.Length - data.Length) / 512) * 512;
                await disk.WriteAsync(at, data);
                data.CopyTo(model, at);
            }

            int hole = random.Next((model.Length / 512) - 40) * 512;
            await disk.WriteZeroesAsync(hole, 40 * 512, mayUnmap: true);
            model.AsSpan(hole, 40 * 512).Clear();
        }

        await using SynchronousDisk all = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        byte[] back = new byte[model.Length];
        await all.ReadAsync(0, back);
        Assert.Equal(model, back);
        int deepest = 0;
        for (long at = 0; at < Size;)
        {
            BlockExtent extent = await all.MapAsync(at, Size - at);
            deepest = Math.Max(deepest, extent.Layer);
            at += extent.Length;
        }

        Assert.InRange(deepest, 10, 31);
    }

    [Fact]
    public void Layers_that_lead_back_to_themselves_are_refused()
    {
        string a = Qcow2("a.qcow2");
        Qcow2("b.qcow2", "a.qcow2");
        Rename(a, "b.qcow2");
        Assert.Contains("no end", Refused(a, ErrorKind.Corrupt, new DiskOpenOptions { ReadOnly = true }).Message);
        Rename(a, "a.qcow2");
        Assert.Contains("no end", Refused(a, ErrorKind.Corrupt, new DiskOpenOptions { ReadOnly = true }).Message);
    }

    [Fact]
    public async Task Folder_that_is_called_by_a_link_is_the_images_still()
    {
        string real = Directory.CreateDirectory(At("real")).FullName;
        DiskImage.CreateRaw(Path.Combine(real, "below.raw"), Size);
        DiskImage.CreateQcow2(Path.Combine(real, "top.qcow2"), Size, new Qcow2Options { BackingName = "below.raw", BackingFormat = DiskFormat.Raw });
        Directory.CreateSymbolicLink(At("link"), real);
        await using (DiskImage.Open(Path.Combine(At("link"), "top.qcow2")))
        {
        }

        // A link within the folder that leads out of it is looked through.
        File.Move(Path.Combine(real, "below.raw"), At("outside.raw"));
        File.CreateSymbolicLink(Path.Combine(real, "below.raw"), At("outside.raw"));
        Assert.Equal(ErrorKind.Denied, Assert.Throws<DoppelException>(() => DiskImage.Open(Path.Combine(At("link"), "top.qcow2"))).Kind);
    }

    [Fact]
    public async Task Layer_below_outside_of_the_folder_is_refused_unless_allowed()
    {
        Directory.CreateDirectory(At("inner"));
        Qcow2("base.qcow2");
        string top = Qcow2("inner/top.qcow2", "../base.qcow2");
        DoppelException error = Refused(top, ErrorKind.Denied);
        Assert.Contains("base.qcow2", error.Message);
        await using (DiskImage.Open(top, new DiskOpenOptions { AllowBackingAnywhere = true }))
        {
        }

        await using (DiskImage.Open(top, new DiskOpenOptions { BackingFolders = [_folder] }))
        {
        }

        // A link does not lead out, either.
        File.CreateSymbolicLink(At("inner/link.qcow2"), At("base.qcow2"));
        Rename(top, "link.qcow2");
        Refused(top, ErrorKind.Denied);
    }

    [Fact]
    public void Layer_below_without_a_format_is_refused()
    {
        Qcow2("base.qcow2");
        string top = Qcow2("top.qcow2", "base.qcow2");
        Change(top, header => header.With(Qcow2Extension.BackingFormat, null));
        Assert.Contains("not guessed", Refused(top, ErrorKind.Failed).Message);
    }

    [Theory]
    [InlineData("nbd://host/disk")]
    [InlineData("json:{\"driver\":\"file\"}")]
    public void Layer_below_that_is_no_file_is_refused(string name)
    {
        string top = Qcow2("top.qcow2");
        Rename(top, name);
        Refused(top, ErrorKind.Failed);
    }

    [Fact]
    public void Layer_below_that_is_missing_is_named()
    {
        string top = Qcow2("top.qcow2", "gone.qcow2");
        Assert.Contains("gone.qcow2", Refused(top, ErrorKind.NotFound).Message);
    }

    [Fact]
    public async Task Lock_keeps_writers_from_a_layer_that_is_in_use_and_lets_others_read_it()
    {
        string below = Qcow2("base.qcow2");
        string a = Qcow2("a.qcow2", "base.qcow2");
        string b = Qcow2("b.qcow2", "base.qcow2");
        await using SynchronousDisk first = DiskImage.Open(a);
        await using SynchronousDisk second = DiskImage.Open(b);
        Refused(a, ErrorKind.WrongState);
        Refused(below, ErrorKind.WrongState);
        await using SynchronousDisk look = DiskImage.Open(a, new DiskOpenOptions { ReadOnly = true, Locked = false });
    }

    [Fact]
    public void Create_leaves_what_is_there_and_nothing_half_made()
    {
        string path = Qcow2("disk.qcow2");
        byte[] before = File.ReadAllBytes(path);
        Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => DiskImage.CreateQcow2(path, Size, new Qcow2Options())).Kind);
        Assert.Equal(before, File.ReadAllBytes(path));
        string bad = At("bad.qcow2");
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => DiskImage.CreateQcow2(bad, Size, new Qcow2Options { ClusterSize = 3000 })).Kind);
        Assert.False(File.Exists(bad));
    }

    private static void Rename(string path, string backing) =>
        Change(path, header => header.With(Qcow2Extension.BackingFormat, "qcow2"u8.ToArray()) with { BackingName = backing });

    private static void Change(string path, Func<Qcow2Header, Qcow2Header> change)
    {
        using ImageFile file = ImageFile.Open(path, readOnly: false);
        file.Write(0, Qcow2HeaderWriter.ToCluster(change(Qcow2HeaderReader.Read(file)), path));
    }

    private static DoppelException Refused(string path, ErrorKind kind, DiskOpenOptions? options = null)
    {
        if (!File.Exists(path)) File.WriteAllBytes(path, new byte[512]);
        DoppelException error = Assert.Throws<DoppelException>(() => DiskImage.Open(path, options));
        Assert.Equal(kind, error.Kind);
        Assert.NotNull(error.Hint);
        return error;
    }

    private string Qcow2(string name, string? backing = null, int clusterSize = 65536)
    {
        DiskImage.CreateQcow2(At(name), Size, new Qcow2Options { ClusterSize = clusterSize, BackingName = backing });
        return At(name);
    }

    private string At(string name) => Path.Combine(_folder, name);
}
