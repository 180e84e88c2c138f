using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Backends.Disk;

/// <summary>Disks that leave their files to others and go on in a layer.</summary>
public sealed class DiskLayersTests : IDisposable
{
    private const int Length = 1 << 20;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task Frozen_content_isOthersToRead_andTheDiskGoesOnAbove(DiskFormat format)
    {
        string path = Make(format);
        await using SnapshotDisk disk = Open(path);
        await DiskBytes.FillAsync(disk, 0, 1);
        await DiskBytes.FillAsync(disk, 65536, 1);
        using FrozenDisk before = disk.Freeze();
        await DiskBytes.FillAsync(disk, 0, 2);
        Assert.Null(before.Layers);

        string above = BeginLayer(disk, out FrozenDisk kept);
        Assert.Equal([new DiskLayer(path, format)], kept.Layers);
        Assert.Equal([new DiskLayer(above, DiskFormat.Qcow2), new DiskLayer(path, format)], disk.Layers);
        await DiskBytes.FillAsync(disk, 0, 3);

        // Others wait until it is known that nobody writes.
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => DiskBytes.AtAsync(path, 0))).Kind);
        await disk.SealAsync();
        Assert.Equal((2, 1), (await DiskBytes.AtAsync(path, 0), await DiskBytes.AtAsync(path, 65536)));
        Assert.Equal((1, 2, 3), (await DiskBytes.AtAsync(before, 0), await DiskBytes.AtAsync(kept, 0), await DiskBytes.AtAsync(disk, 0)));

        // Zeroes and what was given up hide what is below.
        await disk.WriteZeroesAsync(65536, 4096, mayUnmap: true);
        await disk.FlushAsync();
        Assert.Equal((2, 1, 0), (await DiskBytes.AtAsync(path, 0), await DiskBytes.AtAsync(path, 65536), await DiskBytes.AtAsync(disk, 65536)));
        kept.Dispose();
        await disk.DisposeAsync();
        Assert.Equal((3, 0), (await DiskBytes.AtAsync(above, 0), await DiskBytes.AtAsync(above, 65536)));
    }

    [Fact]
    public async Task Flush_meansWhatIsBelow_too()
    {
        string path = Make(DiskFormat.Qcow2);
        await using SnapshotDisk disk = Open(path);
        await DiskBytes.FillAsync(disk, 0, 7);
        string above = BeginLayer(disk, out FrozenDisk kept);
        using (kept)
        {
            // As another process would find it after the end of this one.
            Assert.Equal(0, await UnlockedAsync(above));
            await disk.FlushAsync();
            Assert.Equal(7, await UnlockedAsync(above));
        }

        static async Task<int> UnlockedAsync(string path)
        {
            await using SynchronousDisk found = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true, Locked = false });
            return await DiskBytes.AtAsync(found, 0);
        }
    }

    [Fact]
    public async Task Layer_thatIsNotUsed_readsAsWhatIsBelow()
    {
        string path = Make(DiskFormat.Raw), above = Path.Combine(_folder.Path, "above.qcow2");
        await using (SnapshotDisk disk = Open(path))
        {
            await DiskBytes.FillAsync(disk, 0, 1);
            disk.GoOnIn(disk.MakeLayer(above));
            Assert.False(disk.NeedsLayer);
            await DiskBytes.FillAsync(disk, 0, 2);
        }

        Assert.Equal(2, await DiskBytes.AtAsync(above, 0));
    }

    [Fact]
    public async Task Disk_thatIsNotWritten_needsNoFurtherLayer()
    {
        string path = Make(DiskFormat.Raw);
        await using SnapshotDisk disk = Open(path);
        Assert.True(disk.NeedsLayer);
        string above = BeginLayer(disk, out FrozenDisk first);
        using FrozenDisk second = disk.Freeze();
        Assert.False(disk.NeedsLayer);
        Assert.Equal(first.Layers, second.Layers);
        await DiskBytes.FillAsync(disk, 0, 1);
        Assert.True(disk.NeedsLayer);
        Assert.Equal((0, 0), (await DiskBytes.AtAsync(first, 0), await DiskBytes.AtAsync(second, 0)));
        first.Dispose();
        second.Dispose();
        await disk.DisposeAsync();

        // Nor does one that is opened empty, unless it is longer than what is below.
        await using (SnapshotDisk written = Open(above)) Assert.True(written.NeedsLayer);
        Assert.False(await NeedsLayerAsync(Length));
        Assert.True(await NeedsLayerAsync(2 * Length));

        async Task<bool> NeedsLayerAsync(long length)
        {
            string empty = Path.Combine(_folder.Path, $"{length}.qcow2");
            DiskImage.CreateQcow2(empty, length, new Qcow2Options { BackingName = Path.GetFileName(path), BackingFormat = DiskFormat.Raw });
            await using SnapshotDisk opened = Open(empty);
            return opened.NeedsLayer;
        }
    }

    [Fact]
    public async Task Layer_canBePutOntoOneFile_insteadOfThoseBelow()
    {
        string path = Make(DiskFormat.Raw), one = Path.Combine(_folder.Path, "one.raw");
        await using SnapshotDisk disk = Open(path);
        await DiskBytes.FillAsync(disk, 0, 1);
        await DiskBytes.FillAsync(disk, 65536, 1);
        string above = BeginLayer(disk, out FrozenDisk kept);
        using (kept)
        {
            await disk.SealAsync();
            await DiskBytes.FillAsync(disk, 0, 2);
            Task reading = Task.Run(async () =>
            {
                for (int i = 0; i < 500; i++) Assert.Equal((2, 1), (await DiskBytes.AtAsync(disk, 0), await DiskBytes.AtAsync(disk, 65536)));
            });
            long reached = 0;
            await disk.FlattenAsync(one, at => reached = at, default);
            await reading;
            Assert.Equal([above, one], disk.Layers.Select(l => l.Path));
            Assert.Equal((1, Length), (await DiskBytes.AtAsync(kept, 0), reached));

            using var cancelled = new CancellationTokenSource();
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => disk.FlattenAsync(one + "2", _ => { }, cancelled.Token));
            Assert.False(File.Exists(one + "2"));
        }

        File.Delete(path);
        await disk.DisposeAsync();
        Assert.Equal((2, 1), (await DiskBytes.AtAsync(above, 0), await DiskBytes.AtAsync(above, 65536)));
    }

    /// <summary>A snapshot of the whole may come between a layer that is made and the moment for which it is.</summary>
    [Fact]
    public async Task Layer_beginsOnlyAbove_whatIsSealed()
    {
        await using SnapshotDisk disk = Open(Make(DiskFormat.Raw));
        await DiskBytes.FillAsync(disk, 0, 1);
        string above = BeginLayer(disk, out FrozenDisk kept);
        await DiskBytes.FillAsync(disk, 0, 2);
        disk.GoOnIn(disk.MakeLayer(above.Replace("above", "next", StringComparison.Ordinal)));
        using FrozenDisk tooEarly = disk.Freeze();
        Assert.Null(tooEarly.Layers);
        await disk.SealAsync();
        using FrozenDisk next = disk.Freeze();
        Assert.Equal(above, next.Layers![0].Path);
        kept.Dispose();
    }

    [Fact]
    public async Task Clone_isTheFrozenContent_whereTheHostCanMakeOne()
    {
        await using SnapshotDisk disk = Open(Make(DiskFormat.Raw));
        await DiskBytes.FillAsync(disk, 0, 1);
        await DiskBytes.FillAsync(disk, 131072, 1);
        using FrozenDisk first = disk.Freeze();
        await DiskBytes.FillAsync(disk, 0, 2);
        using FrozenDisk second = disk.Freeze();
        await DiskBytes.FillAsync(disk, 131072, 3);
        string copy = Path.Combine(_folder.Path, "copy.raw");
        bool isCloned;
        using (var target = File.OpenHandle(copy, FileMode.CreateNew, FileAccess.Write)) isCloned = await first.TryCloneAsync(target);
        if (isCloned) Assert.Equal((1, 1, 0), (await DiskBytes.AtAsync(copy, 0), await DiskBytes.AtAsync(copy, 131072), await DiskBytes.AtAsync(copy, 65536)));
        else Assert.Equal(0, new FileInfo(copy).Length);

        // Tables of a qcow2 image are in memory in part: its file alone is no image.
        await using SnapshotDisk packed = Open(Make(DiskFormat.Qcow2));
        using FrozenDisk kept = packed.Freeze();
        using var refused = File.OpenHandle(copy, FileMode.Create, FileAccess.Write);
        Assert.False(await kept.TryCloneAsync(refused));
    }

    private string Make(DiskFormat format)
    {
        string path = Path.Combine(_folder.Path, $"disk.{DiskFormats.Name(format)}");
        if (format == DiskFormat.Raw) DiskImage.CreateRaw(path, Length);
        else DiskImage.CreateQcow2(path, Length, new Qcow2Options());
        return path;
    }

    private static SnapshotDisk Open(string path) => new(DiskImage.Open(path));

    private string BeginLayer(SnapshotDisk disk, out FrozenDisk kept)
    {
        string above = Path.Combine(_folder.Path, "above.qcow2");
        disk.GoOnIn(disk.MakeLayer(above));
        kept = disk.Freeze();
        return above;
    }
}
