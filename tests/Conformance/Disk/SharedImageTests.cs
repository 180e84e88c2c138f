using System.Diagnostics;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>What both sides share beside plain data: layers, locks, compressed images, snapshots, bitmaps, repairs.</summary>
public sealed class SharedImageTests : IDisposable
{
    private const int Size = 4 << 20;
    private readonly string _folder = DiskFolder.Make();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(32)]
    public async Task Layers_by_both_sides_read_the_same_on_both(int layers)
    {
        QemuImg.Require();
        var random = new Random(layers);
        byte[] model = new byte[Size];
        string? below = null;
        string path = "";
        for (int layer = 0; layer < layers; layer++)
        {
            path = At($"{layer}.qcow2");
            ImageShape shape = ImageShape.Random(random) with { Version = 3 };
            shape.Create(path, Size, below);
            below = Path.GetFileName(path);
            await WriteAsync(path, random, model);
            int offset = random.Next(Size / 512 - 64) * 512;
            QemuImg.Io(path, $"write -P 77 {offset} 32768", $"write -z {offset + 4096} 4096");
            model.AsSpan(offset, 32768).Fill(77);
            model.AsSpan(offset + 4096, 4096).Clear();
        }

        Compare(path, model);

        // Commit the top layer by us, the next one by QEMU; put what is left on a base of its own.
        if (layers < 3) return;
        await DiskCommit.RunAsync(path, new DiskOpenOptions());
        Compare(path, model);
        QemuImg.Run("qemu-img", "commit", "-q", At($"{layers - 2}.qcow2"));
        Compare(path, model);
        await new DiskRebase { Path = path, BackingName = $"{layers - 3}.qcow2" }.RunAsync();
        Compare(path, model);
        await new DiskRebase { Path = path }.RunAsync();
        for (int layer = 0; layer < layers - 1; layer++) File.Delete(At($"{layer}.qcow2"));
        Compare(path, model);
    }

    [Theory]
    [InlineData(9, 16, "zlib")]
    [InlineData(12, 1, "zlib")]
    [InlineData(16, 16, "zlib")]
    [InlineData(16, 2, "zlib")]
    [InlineData(21, 64, "zlib")]
    [InlineData(9, 16, "zstd")]
    [InlineData(12, 1, "zstd")]
    [InlineData(16, 16, "zstd")]
    [InlineData(16, 2, "zstd")]
    [InlineData(21, 64, "zstd")]
    public async Task Compressed_images_of_either_side_read_the_same_on_both(int clusterBits, int refcountBits, string type)
    {
        QemuImg.Require();
        byte[] data = Mixed(new Random(clusterBits), 9 << 20);
        string raw = At("data.raw"), ours = At("ours.qcow2"), theirs = At("theirs.qcow2"), both = At("both.qcow2");
        File.WriteAllBytes(raw, data);
        var layout = new Qcow2Options { ClusterSize = 1 << clusterBits, RefcountBits = refcountBits, Compression = Enum.Parse<Qcow2CompressionType>(type, ignoreCase: true) };
        await new DiskConversion { Source = raw, Target = ours, TargetFormat = DiskFormat.Qcow2, Compress = true, Layout = layout }.RunAsync();
        QemuImg.Check(ours);
        QemuImg.Compare(ours, raw);
        Assert.Contains($"compression type: {type}", QemuImg.Run("qemu-img", "info", ours), StringComparison.Ordinal);
        QemuImg.Run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", $"cluster_size={1 << clusterBits},refcount_bits={refcountBits},compression_type={type}", raw, theirs);
        Assert.Null(await DiskComparison.RunAsync(raw, new DiskOpenOptions(), theirs, new DiskOpenOptions()));
        Assert.Equal(type, DiskInfo.Read(theirs, new DiskOpenOptions())[0].CompressionType);
        await new DiskConversion { Source = theirs, Target = both, TargetFormat = DiskFormat.Qcow2, Compress = true, Layout = new Qcow2Options { Compression = layout.Compression } }.RunAsync();
        QemuImg.Compare(both, raw);

        // What is written over compressed clusters takes their place.
        await using (SynchronousDisk disk = DiskImage.Open(ours))
        {
            new Random(1).NextBytes(data.AsSpan(100_352, 1 << 20));
            await disk.WriteAsync(100_352, data.AsMemory(100_352, 1 << 20));
        }

        File.WriteAllBytes(raw, data);
        QemuImg.Check(ours);
        QemuImg.Compare(ours, raw);
    }

    [Fact]
    public async Task Snapshots_of_either_side_are_the_other_ones_too()
    {
        QemuImg.Require();
        string path = At("disk.qcow2");
        DiskImage.CreateQcow2(path, Size, new Qcow2Options());
        QemuImg.Io(path, "write -P 1 0 1M");
        QemuImg.Run("qemu-img", "snapshot", "-c", "theirs", path);
        QemuImg.Io(path, "write -P 2 0 1M");
        await DiskSnapshots.CreateAsync(path, new DiskOpenOptions(), "ours", TimeProvider.System);
        QemuImg.Io(path, "write -P 3 0 1M");
        Assert.Equal(["theirs", "ours"], DiskInfo.Read(path, new DiskOpenOptions())[0].Snapshots.Select(s => s.Name));
        QemuImg.Run("qemu-img", "snapshot", "-a", "ours", path);
        QemuImg.Io(path, "read -P 2 0 1M");
        await DiskSnapshots.ApplyAsync(path, new DiskOpenOptions(), "theirs");
        QemuImg.Io(path, "read -P 1 0 1M");
        QemuImg.Check(path);
        QemuImg.Run("qemu-img", "snapshot", "-d", "ours", path);
        await DiskSnapshots.DeleteAsync(path, new DiskOpenOptions(), "theirs");
        QemuImg.Check(path);
    }

    [Fact]
    public async Task Locks_keep_the_other_side_from_an_image_in_use()
    {
        QemuImg.Require();
        string path = At("disk.qcow2");
        DiskImage.CreateQcow2(path, Size, new Qcow2Options());
        await using (DiskImage.Open(path))
        {
            (int code, _, string errors) = QemuProcess.Run("qemu-io", ["-f", "qcow2", "-c", "write 0 512", path]);
            Assert.NotEqual(0, code);
            Assert.Contains("lock", errors);
            Assert.True(DiskInfo.Read(path, new DiskOpenOptions())[0].InUse);
            QemuImg.Run("qemu-img", "info", "-U", path);
        }

        using var other = new Process { StartInfo = new("qemu-io", ["-f", "qcow2", path]) { RedirectStandardInput = true, RedirectStandardOutput = true } };
        other.Start();
        await other.StandardInput.WriteLineAsync("write -P 9 0 512");
        await other.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => DiskImage.Open(path)).Kind);
        Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true })).Kind);
        other.StandardInput.Close();
        await other.WaitForExitAsync();
        await using SynchronousDisk disk = DiskImage.Open(path);
        byte[] block = new byte[512];
        await disk.ReadAsync(0, block);
        Assert.All(block, b => Assert.Equal(9, b));
    }

    [Fact]
    public async Task Bitmaps_end_when_we_write_and_a_repair_gives_back_their_room()
    {
        QemuImg.Require();
        string path = At("disk.qcow2");
        DiskImage.CreateQcow2(path, Size, new Qcow2Options());
        QemuImg.Run("qemu-img", "bitmap", "--add", path, "b");
        QemuImg.Io(path, "write -P 5 0 2M");
        await using (DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true }))
        {
        }

        Assert.True((await DiskCheck.RunAsync(path, new DiskOpenOptions(), repair: false)).Found.IsClean);
        Assert.Contains("\"name\": \"b\"", QemuImg.Run("qemu-img", "info", "--output=json", path));
        await using (SynchronousDisk disk = DiskImage.Open(path)) await disk.WriteAsync(0, new byte[512]);
        Assert.DoesNotContain("\"name\": \"b\"", QemuImg.Run("qemu-img", "info", "--output=json", path));
        QemuImg.Check(path, allowsLeaks: true);
        Assert.True((await DiskCheck.RunAsync(path, new DiskOpenOptions(), repair: true)).Left!.IsClean);
        QemuImg.Check(path);
    }

    [Theory]
    [InlineData(9, 64)]
    [InlineData(12, 1)]
    [InlineData(16, 16)]
    public async Task Repair_makes_what_QEMU_accepts(int clusterBits, int refcountBits)
    {
        QemuImg.Require();
        string path = At("disk.qcow2"), raw = At("data.raw");
        byte[] model = new byte[Size];
        new ImageShape(clusterBits, refcountBits, false, false, 3, MadeByQemu: true).Create(path, Size);
        await WriteAsync(path, new Random(5), model);
        QemuImg.Io(path, "write -P 3 0 64k");
        model.AsSpan(0, 64 << 10).Fill(3);
        File.WriteAllBytes(raw, model);

        // All counts are gone, and marks are wrong.
        using (ImageFile file = ImageFile.Open(path, readOnly: false))
        {
            Qcow2Header header = Qcow2HeaderReader.Read(file);
            file.WriteZeroes(header.RefcountTableOffset, header.ClusterSize, mayUnmap: false);
            byte[] entry = new byte[1];
            file.Read(header.L1Offset, entry);
            entry[0] ^= 0x80;
            file.Write(header.L1Offset, entry);
        }

        Assert.True((await DiskCheck.RunAsync(path, new DiskOpenOptions(), repair: false)).Found.WrongCounts > 0);
        Assert.True((await DiskCheck.RunAsync(path, new DiskOpenOptions(), repair: true)).Left!.IsClean);
        QemuImg.Check(path);
        QemuImg.Compare(path, raw);
    }

    [Fact]
    public async Task Image_that_QEMU_left_open_is_repaired_when_it_is_opened()
    {
        QemuImg.Require();
        string path = At("disk.qcow2");
        new ImageShape(16, 16, false, Lazy: true, 3, MadeByQemu: true).Create(path, Size);
        // Its own way to end without closing anything.
        QemuProcess.Run("qemu-io", ["-f", "qcow2", "-c", "write -P 9 0 1M", "-c", "flush", "-c", "write -P 8 2M 512", "-c", "sigraise 9", path]);

        Assert.True(DiskInfo.Read(path, new DiskOpenOptions())[0].Dirty);
        await using (SynchronousDisk disk = DiskImage.Open(path))
        {
            byte[] data = new byte[1 << 20];
            await disk.ReadAsync(0, data);
            Assert.DoesNotContain(data, b => b != 9);
        }

        QemuImg.Check(path);
    }

    private void Compare(string path, byte[] model)
    {
        string raw = At("model.raw");
        File.WriteAllBytes(raw, model);
        QemuImg.Check(path);
        QemuImg.Compare(path, raw);
    }

    private static async Task WriteAsync(string path, Random random, byte[] model)
    {
        await using SynchronousDisk disk = DiskImage.Open(path);
        for (int i = 0; i < 6; i++)
        {
            byte[] data = new byte[512 * random.Next(1, 200)];
            random.NextBytes(data);
            int at = random.Next((model.Length - data.Length) / 512) * 512;
            await disk.WriteAsync(at, data);
            data.CopyTo(model, at);
        }

        byte[] back = new byte[model.Length];
        await disk.ReadAsync(0, back);
        Assert.True(back.AsSpan().SequenceEqual(model));
    }

    /// <summary>Noise, text and holes.</summary>
    private static byte[] Mixed(Random random, int length)
    {
        byte[] data = new byte[length];
        for (int at = 0; at < length; at += random.Next(1, 300_000))
        {
            int piece = Math.Min(length - at, random.Next(1, 150_000));
            if (random.Next(3) == 0) random.NextBytes(data.AsSpan(at, piece));
            else for (int i = 0; i < piece; i++) data[at + i] = (byte)(i / 40 + random.Next(4));
        }

        return data;
    }

    private string At(string name) => Path.Combine(_folder, name);
}
