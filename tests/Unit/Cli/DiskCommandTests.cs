using System.Text.Json;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Host.Files;

namespace Doppel.Tests.Unit.Cli;

/// <summary><c>doppel disk</c>: output, errors, exit codes, and that nothing half-made is left.</summary>
public sealed class DiskCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Create_makes_what_info_tells()
    {
        string path = At("disk.qcow2");
        Assert.Equal($"{path}\n", (await RunAsync(0, "create", path, "1G", "--cluster-size", "4K", "--refcount-bits", "8", "--lazy-refcounts")).Out);
        JsonElement info = Json(await RunAsync(0, "info", "--format", "json", path))[0];
        Assert.Equal("qcow2", info.GetProperty("format").GetString());
        Assert.Equal(1L << 30, info.GetProperty("size").GetInt64());
        Assert.Equal(4096, info.GetProperty("clusterSize").GetInt32());
        Assert.Equal(8, info.GetProperty("refcountBits").GetInt32());
        Assert.True(info.GetProperty("lazyRefcounts").GetBoolean());
        Assert.Contains("8-bit counts, lazy counts", (await RunAsync(0, "info", path)).Out);
    }

    [Theory]
    [InlineData("zlib")]
    [InlineData("zstd")]
    public async Task Info_tells_the_compression(string type)
    {
        string path = At("disk.qcow2");
        await RunAsync(0, "create", path, "1M", "--compression", type);
        Assert.Equal(type, Json(await RunAsync(0, "info", "--format", "json", path))[0].GetProperty("compressionType").GetString());
        Assert.Equal(type == "zstd", (await RunAsync(0, "info", path)).Out.Contains("compression zstd", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_on_a_layer_takes_its_size()
    {
        await RunAsync(0, "create", At("base.img"), "3M");
        string top = At("top.qcow2");
        await RunAsync(0, "create", top, "--backing", "base.img", "--subclusters");
        CliProbe info = await RunAsync(0, "info", "--chain", "--format", "json", top);
        Assert.Equal([3 << 20, 3 << 20], Json(info).EnumerateArray().Select(i => i.GetProperty("size").GetInt32()));
    }

    [Theory]
    [InlineData(4, "is there already", "create", "there.img", "1M")]
    [InlineData(2, "is not a size", "create", "new.img", "big")]
    [InlineData(2, "size is missing", "create", "new.img")]
    [InlineData(2, "for qcow2 images only", "create", "new.img", "1M", "--cluster-size", "4K")]
    [InlineData(2, "for qcow2 images only", "create", "new.img", "1M", "--compression", "zstd")]
    [InlineData(2, "none of zlib, zstd", "create", "new.qcow2", "1M", "--compression", "lzma")]
    [InlineData(2, "not possible", "create", "new.qcow2", "1M", "--cluster-size", "3K")]
    [InlineData(2, "cannot lie on", "create", "new.img", "1M", "--backing", "there.img")]
    [InlineData(3, "there is no such disk image", "create", "new.qcow2", "--backing", "nowhere.img")]
    [InlineData(1, "vmdk images cannot be used", "create", "new.vmdk", "1M")]
    [InlineData(3, "there is no such disk image", "info", "nowhere.img")]
    [InlineData(1, "named to be qcow2", "info", "raw.qcow2")]
    [InlineData(2, "less than", "resize", "there.img", "512K")]
    [InlineData(2, "raw images hold nothing", "check", "there.img")]
    [InlineData(4, "is there already", "convert", "there.img", "raw.qcow2")]
    [InlineData(2, "only qcow2 images can be compressed", "convert", "--compress", "there.img", "new.img")]
    [InlineData(4, "no layer below", "commit", "there.img")]
    [InlineData(2, "one of --backing and --no-backing", "rebase", "there.img")]
    [InlineData(2, "only qcow2 images hold snapshots", "snapshot", "create", "there.img", "x")]
    public async Task Failure_names_the_thing_and_says_what_to_try(int code, string message, params string[] arguments)
    {
        File.WriteAllBytes(At("there.img"), new byte[1 << 20]);
        File.WriteAllBytes(At("raw.qcow2"), new byte[1 << 20]);
        CliProbe probe = await RunAsync(code, [.. arguments.Select(a => a.Contains('.', StringComparison.Ordinal) && !a.StartsWith('-') ? At(a) : a)]);
        Assert.Contains(message, probe.Error);
        Assert.Empty(probe.Out);
        Assert.Equal(["raw.qcow2", "there.img"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("a.qcow2")]
    [InlineData("a.qcow2", "--compress")]
    [InlineData("a.qcow2", "--cluster-size", "512", "--refcount-bits", "1")]
    [InlineData("a.qcow2", "--subclusters")]
    [InlineData("a.qcow2", "--compress", "--cluster-size", "2M")]
    [InlineData("a.qcow2", "--compress", "--refcount-bits", "1")]
    [InlineData("a.qcow2", "--compress", "--compression", "zstd")]
    [InlineData("a.qcow2", "--compress", "--compression", "zstd", "--cluster-size", "512")]
    [InlineData("a.qcow2", "--compress", "--compression", "zstd", "--cluster-size", "2M", "--refcount-bits", "1")]
    [InlineData("a.qcow2", "--compression", "zstd")]
    [InlineData("a.raw")]
    public async Task Convert_there_and_back_keeps_every_byte(string name, params string[] flags)
    {
        byte[] data = Data(9 << 20);
        string source = At("source.img");
        File.WriteAllBytes(source, data);
        await RunAsync(0, ["convert", source, At(name), .. flags]);
        Assert.Equal("the same\n", (await RunAsync(0, "compare", source, At(name))).Out);
        if (name.EndsWith("qcow2", StringComparison.Ordinal)) await RunAsync(0, "check", At(name));
        await RunAsync(0, "convert", At(name), At("back.img"));
        Assert.Equal(data, File.ReadAllBytes(At("back.img")));
        Assert.Empty(Directory.EnumerateFiles(_folder, "*.part-*"));
    }

    [Theory]
    [InlineData("zlib")]
    [InlineData("zstd")]
    public async Task Compressed_image_is_smaller(string type)
    {
        File.WriteAllBytes(At("source.img"), [.. Enumerable.Range(0, 4 << 20).Select(i => (byte)(i / 700))]);
        await RunAsync(0, "convert", "--compress", "--compression", type, At("source.img"), At("small.qcow2"));
        Assert.InRange(new FileInfo(At("small.qcow2")).Length, 1, 2 << 20);
        Assert.True(Json(await RunAsync(0, "check", "--format", "json", At("small.qcow2")))[0].GetProperty("compressedClusters").GetInt64() > 50);
    }

    [Fact]
    public async Task Convert_that_is_cancelled_leaves_nothing()
    {
        File.WriteAllBytes(At("source.img"), Data(4 << 20));
        using var cancel = new CancellationTokenSource();
        var conversion = new DiskConversion { Source = At("source.img"), Target = At("new.qcow2"), TargetFormat = DiskFormat.Qcow2 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => conversion.RunAsync(new Once(cancel.Cancel), cancel.Token));
        Assert.Equal(["source.img"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Compare_tells_the_first_byte_that_differs()
    {
        byte[] data = Data(3 << 20);
        File.WriteAllBytes(At("a.img"), data);
        await RunAsync(0, "convert", At("a.img"), At("b.qcow2"));
        data[2_500_001] ^= 1;
        File.WriteAllBytes(At("a.img"), data);
        Assert.Equal("different at byte 2500001\n", (await RunAsync(1, "compare", At("a.img"), At("b.qcow2"))).Out);

        // A shorter disk is followed by zeroes.
        File.WriteAllBytes(At("c.img"), [.. data, .. new byte[1 << 20]]);
        await RunAsync(0, "compare", At("c.img"), At("a.img"));
    }

    [Fact]
    public async Task Commit_and_rebase_keep_what_a_layer_reads()
    {
        byte[] data = Data(4 << 20);
        File.WriteAllBytes(At("base.img"), data);
        await RunAsync(0, "create", At("top.qcow2"), "--backing", "base.img");
        byte[] patch = Data(700 << 10);
        await WriteAsync(At("top.qcow2"), 1_000_448, patch);
        patch.CopyTo(data, 1_000_448);
        await ZeroAsync(At("top.qcow2"), 3 << 20, 200 << 10);
        data.AsSpan(3 << 20, 200 << 10).Clear();

        // Onto another base, onto none, and back down.
        File.WriteAllBytes(At("other.img"), Data(2 << 20));
        await RunAsync(0, "rebase", "--backing", "other.img", At("top.qcow2"));
        await AssertReadsAsync(At("top.qcow2"), data);
        await RunAsync(0, "rebase", "--no-backing", At("top.qcow2"));
        File.Delete(At("other.img"));
        await AssertReadsAsync(At("top.qcow2"), data);
        await RunAsync(0, "rebase", "--backing", "base.img", At("top.qcow2"));
        await AssertReadsAsync(At("top.qcow2"), data);
        if (OperatingSystem.IsLinux())
        {
            // Others may have layers on what has several names.
            byte[] before = File.ReadAllBytes(At("base.img"));
            FileLink.LinkOrCopy(At("base.img"), At("name.img"));
            await RunAsync(4, "commit", At("top.qcow2"));
            File.Delete(At("name.img"));
            Assert.Equal(before, File.ReadAllBytes(At("base.img")));
        }

        await RunAsync(0, "commit", At("top.qcow2"));
        Assert.Equal(data, File.ReadAllBytes(At("base.img")));
        await AssertReadsAsync(At("top.qcow2"), data);
        Assert.Equal(0, Json(await RunAsync(0, "check", "--format", "json", At("top.qcow2")))[0].GetProperty("allocatedClusters").GetInt64());

        // A base that has moved.
        File.Move(At("base.img"), At("moved.img"));
        await RunAsync(3, "compare", At("top.qcow2"), At("moved.img"));
        await RunAsync(0, "rebase", "--name-only", "--backing", "moved.img", At("top.qcow2"));
        await RunAsync(0, "compare", At("top.qcow2"), At("moved.img"));
    }

    [Fact]
    public async Task Resize_grows_with_zeroes_and_shrinks_only_if_told()
    {
        foreach (string name in new[] { "disk.img", "disk.qcow2" })
        {
            byte[] data = Data(1 << 20);
            File.WriteAllBytes(At("source"), data);
            await RunAsync(0, "convert", At("source"), At(name));
            Assert.Equal("3.0 MiB\n", (await RunAsync(0, "resize", At(name), "+2M")).Out);
            await AssertReadsAsync(At(name), [.. data, .. new byte[2 << 20]]);
            await RunAsync(2, "resize", At(name), "1M");
            await RunAsync(0, "resize", "--shrink", At(name), "0.5M");
            await RunAsync(0, "resize", At(name), "2M");
            await AssertReadsAsync(At(name), [.. data[..(512 << 10)], .. new byte[3 << 19]]);
        }
    }

    [Fact]
    public async Task Map_tells_layers_kinds_and_places()
    {
        await RunAsync(0, "create", At("base.qcow2"), "1M");
        await WriteAsync(At("base.qcow2"), 0, Data(128 << 10));
        await RunAsync(0, "create", At("top.qcow2"), "--backing", "base.qcow2");
        await ZeroAsync(At("top.qcow2"), 64 << 10, 64 << 10);
        (long, long, string?, int)[] rows = [.. Json(await RunAsync(0, "map", "--format", "json", At("top.qcow2"))).EnumerateArray()
            .Select(r => (r.GetProperty("start").GetInt64() >> 16, r.GetProperty("length").GetInt64() >> 16, r.GetProperty("kind").GetString(), r.GetProperty("layer").GetInt32()))];
        Assert.Equal([(0, 1, "data", 1), (1, 1, "zero", 0), (2, 14, "unallocated", 1)], rows);
    }

    [Fact]
    public async Task Snapshots_are_made_listed_restored_and_deleted()
    {
        string path = At("disk.qcow2");
        byte[] first = Data(1 << 20);
        File.WriteAllBytes(At("source"), first);
        await RunAsync(0, "convert", At("source"), path);
        await RunAsync(0, "snapshot", "create", path, "clean");
        await RunAsync(4, "snapshot", "create", path, "clean");
        await WriteAsync(path, 0, new byte[1 << 20]);
        Assert.Equal("clean", Json(await RunAsync(0, "snapshot", "ls", "--format", "json", path))[0].GetProperty("name").GetString());
        await RunAsync(0, "snapshot", "apply", path, "clean");
        await AssertReadsAsync(path, first);
        await RunAsync(0, "snapshot", "rm", path, "1");
        await RunAsync(3, "snapshot", "rm", path, "clean");
        await RunAsync(0, "check", path);
    }

    [Fact]
    public async Task Check_tells_leaks_and_errors_by_its_code_and_repairs_them()
    {
        string path = At("disk.qcow2");
        await RunAsync(0, "create", path, "1M");
        await WriteAsync(path, 0, Data(256 << 10));
        byte[] image = File.ReadAllBytes(path);
        long block = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(image.AsSpan((int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(48))));

        // A cluster that nobody uses.
        image[block + 2 * 200 + 1] = 1;
        File.WriteAllBytes(path, image);
        CliProbe leak = await RunAsync(1, "check", path);
        Assert.Contains("cluster 200 is used 0 times, but counted 1 times", leak.Error);
        Assert.Equal(image, File.ReadAllBytes(path));
        await RunAsync(0, "check", "--repair", path);
        await RunAsync(0, "check", path);

        // One that is used and counts as free; a table beyond the end.
        image[block + 2 * 2 + 1] = 0;
        File.WriteAllBytes(path, image);
        await RunAsync(9, "check", path);
        await RunAsync(0, "check", "--repair", path);
        await RunAsync(0, "check", path);
        image = File.ReadAllBytes(path);
        image[65536 + 2] = 0x7f;
        File.WriteAllBytes(path, image);
        CliProbe damage = await RunAsync(9, "check", "--repair", path);
        Assert.Contains("beyond repair", damage.Error);
        Assert.Equal(image, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("create")]
    [InlineData("resize")]
    [InlineData("info")]
    [InlineData("map")]
    [InlineData("check")]
    [InlineData("convert")]
    [InlineData("commit")]
    [InlineData("rebase")]
    [InlineData("compare")]
    [InlineData("snapshot")]
    public async Task Every_verb_has_help_with_examples(string verb)
    {
        CliProbe probe = await RunAsync(0, verb, "--help");
        Assert.Contains("Examples:", probe.Out);
        Assert.Contains($"doppel disk {verb}", probe.Out);
    }

    private static async Task<CliProbe> RunAsync(int code, params string[] arguments)
    {
        CliProbe probe = await CliProbe.RunAsync(["disk", .. arguments]);
        Assert.True(probe.Code == code, $"disk {string.Join(' ', arguments)}: {probe.Code} instead of {code}: {probe.Out}{probe.Error}");
        if (code is not 0 and not 1 and not 9) Assert.Matches("^(doppel: .+\n)+(try: .+\n)?$", probe.Error);
        return probe;
    }

    private static JsonElement Json(CliProbe probe) => JsonDocument.Parse(probe.Out).RootElement;

    private static async Task WriteAsync(string path, long offset, byte[] data)
    {
        await using SynchronousDisk disk = DiskImage.Open(path);
        await disk.WriteAsync(offset, data);
    }

    private static async Task ZeroAsync(string path, long offset, long length)
    {
        await using SynchronousDisk disk = DiskImage.Open(path);
        await disk.WriteZeroesAsync(offset, length, mayUnmap: true);
    }

    private static async Task AssertReadsAsync(string path, byte[] data)
    {
        await using SynchronousDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        byte[] now = new byte[disk.Length];
        await disk.ReadAsync(0, now);
        Assert.True(now.AsSpan().SequenceEqual(data), $"{path} reads differently.");
    }

    /// <summary>Noise, text and holes.</summary>
    private static byte[] Data(int length)
    {
        var random = new Random(length);
        byte[] data = new byte[length];
        for (int at = 0; at < length; at += random.Next(1, 300_000))
        {
            int piece = Math.Min(length - at, random.Next(1, 150_000));
            if (random.Next(2) == 0) random.NextBytes(data.AsSpan(at, piece));
            else data.AsSpan(at, piece).Fill((byte)random.Next(256));
        }

        return data;
    }

    private string At(string name) => Path.Combine(_folder, name);

    private sealed class Once(Action action) : IProgress<double>
    {
        public void Report(double value) => action();
    }
}
