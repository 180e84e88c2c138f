using Doppel.Backends.Disk;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Named.Forks;
using Doppel.Tests.Unit.Backends.Disk;

namespace Doppel.Tests.Unit.Machine.Named;

/// <summary>What becomes of a machine's disks when it is forked, time and again.</summary>
public sealed class ForkDisksTests : IAsyncDisposable
{
    private const int Length = 1 << 20;

    private readonly Programs _programs = new();
    private readonly TempFolder _files = new();
    private readonly string _image;
    private MachineFolder _folder = null!;
    private VirtualMachine _machine = null!;
    private ForkDisks _disks = null!;

    public ForkDisksTests()
    {
        _image = Path.Combine(_files.Path, "image.raw");
        DiskImage.CreateRaw(_image, Length);
    }

    public async ValueTask DisposeAsync()
    {
        await _machine.DisposeAsync();
        _programs.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Machine_goesOnInALayer_thatItsRecordNames()
    {
        Create(copyOnWrite: true);
        await WriteAsync(0, 1);
        using (VmSnapshot snapshot = await KeepAsync())
        {
            await WriteAsync(0, 2);
            IReadOnlyList<DiskLayer> layers = snapshot.Disks[0]!.Layers!;
            Assert.Equal(["disk0.qcow2", "disk0-base"], layers.Select(l => Path.GetFileName(l.Path)));
            Assert.Equal(1, await DiskBytes.AtAsync(layers[0].Path, 0));
            Assert.True(OperatingSystem.IsWindows() || !File.GetUnixFileMode(layers[0].Path).HasFlag(UnixFileMode.UserWrite));
        }

        string now = Assert.Single(_folder.Read().Config.Disks).Path;
        Assert.Equal(_folder.File("disk0.1.qcow2"), now);
        await _machine.DisposeAsync();
        Assert.Equal((2, 1), (await DiskBytes.AtAsync(now, 0), await DiskBytes.AtAsync(_folder.File("disk0.qcow2"), 0)));
    }

    [Fact]
    public async Task Machine_thatWritesNothing_isForkedWithoutALayer()
    {
        Create(copyOnWrite: true);
        for (int i = 0; i < 3; i++)
        {
            using VmSnapshot snapshot = await KeepAsync();
            Assert.Equal("disk0-base", Path.GetFileName(Assert.Single(snapshot.Disks[0]!.Layers!).Path));
        }

        Assert.Equal(_folder.File("disk0.qcow2"), Assert.Single(_folder.Read().Config.Disks).Path);
        Assert.False(File.Exists(_folder.File("disk0.1.qcow2")));
    }

    [Fact]
    public async Task File_ofTheUsers_staysTheDisk()
    {
        Create(copyOnWrite: false);
        await WriteAsync(0, 1);
        using (ForkSource fork = await ForkAsync())
        {
            await WriteAsync(0, 2);
            Assert.Equal(_image, Assert.Single(_folder.Read().Config.Disks).Path);
            Assert.Equal(1, await DiskBytes.AtAsync(Path.Combine(fork.Folder.Path, "disk0.raw"), 0));
        }

        await _machine.DisposeAsync();
        Assert.Equal(2, await DiskBytes.AtAsync(_image, 0));
    }

    [Fact]
    public async Task Many_forks_leaveFewLayers_andEachHasWhatWasThere()
    {
        Create(copyOnWrite: true);
        for (int i = 0; i < 2 * ForkDisks.MaxLayers + 5; i++)
        {
            await WriteAsync(i % 16 * 65536, (byte)i);
            using ForkSource fork = await ForkAsync();
            await WriteAsync(i % 16 * 65536, 255);
            var child = new MachineFolder(Directory.CreateDirectory(Path.Combine(_files.Path, $"child{i}")).FullName);
            DiskLayer below = fork.Folder.Disks.Give(0, child)!;
            await using SynchronousDisk disk = DiskImage.Open(below.Path, new DiskOpenOptions { ReadOnly = true, Format = below.Format });
            Assert.Equal((i, i == 0 ? 0 : 255), (await DiskBytes.AtAsync(disk, i % 16 * 65536), await DiskBytes.AtAsync(disk, (i + 15) % 16 * 65536)));
            Assert.InRange(_machine.WritableDisks[0]!.Layers.Count, 2, ForkDisks.MaxLayers + 1);
            Assert.Equal(_machine.WritableDisks[0]!.Layers.Count, Directory.GetFiles(_folder.Path, "disk0*").Length);
            Assert.Equal(255, await DiskBytes.AtAsync(_machine.WritableDisks[0]!, i % 16 * 65536));
        }

        await _machine.DisposeAsync();
        Assert.Equal(255, await DiskBytes.AtAsync(Assert.Single(_folder.Read().Config.Disks).Path, 65536));
    }

    [Fact]
    public async Task Failure_leavesTheMachineItsDisk()
    {
        Create(copyOnWrite: true);
        await WriteAsync(0, 1);
        byte[] record = await File.ReadAllBytesAsync(_folder.File("machine.json"));
        await File.WriteAllTextAsync(_folder.File("machine.json"), "{");
        await Assert.ThrowsAnyAsync<Exception>(ForkAsync);
        await File.WriteAllBytesAsync(_folder.File("machine.json"), record);
        await WriteAsync(0, 2);
        using ForkSource fork = await ForkAsync();
        Assert.Equal(2, _machine.WritableDisks[0]!.Layers.Count - 1);
        Assert.Equal(2, await DiskBytes.AtAsync(_machine.WritableDisks[0]!, 0));
    }

    [Fact]
    public async Task What_aKilledProcessLeft_isGone_andNothingElse()
    {
        Create(copyOnWrite: true);
        await WriteAsync(0, 1);
        (await ForkAsync()).Dispose();
        string[] others = ["disk0.20261130.qcow2", "disk0.2.qcow2.bak", "disk0-old.1.raw", "disk0.x.raw", "disk0..raw", "disk1.raw", "disk1.1.raw"];
        foreach (string name in (string[])["disk0.2.qcow2", "disk0.7.raw", "disk0.raw", "disk0.base", .. others]) await File.WriteAllTextAsync(_folder.File(name), "");
        _disks.Begin();
        Assert.Equal([.. ((string[])["disk0-base", "disk0.1.qcow2", "disk0.qcow2", .. others]).Order(StringComparer.Ordinal)], Directory.GetFiles(_folder.Path, "disk*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        await _machine.DisposeAsync();
        Assert.Equal(1, await DiskBytes.AtAsync(Assert.Single(_folder.Read().Config.Disks).Path, 0));
    }

    [Fact]
    public async Task Folder_byAnotherName_isTheMachinesStill()
    {
        Create(copyOnWrite: true);
        await WriteAsync(0, 1);
        (await ForkAsync()).Dispose();
        await _machine.DisposeAsync();

        // What the record names is in this folder, though it is called otherwise.
        string link = Path.Combine(_files.Path, "link");
        Directory.CreateSymbolicLink(link, Path.GetDirectoryName(_folder.Path)!);
        Open(new MachineFolder(Path.Combine(link, "parent")));
        _disks.Begin();
        await WriteAsync(0, 2);
        using (ForkSource fork = await ForkAsync())
        {
            var child = new MachineFolder(Directory.CreateDirectory(Path.Combine(link, "child")).FullName);
            DiskLayer below = fork.Folder.Disks.Give(0, child)!;
            await using SynchronousDisk disk = DiskImage.Open(below.Path, new DiskOpenOptions { ReadOnly = true, Format = below.Format });
            Assert.Equal(2, await DiskBytes.AtAsync(disk, 0));
        }

        await _machine.DisposeAsync();
        Assert.Equal(2, await DiskBytes.AtAsync(Assert.Single(_folder.Read().Config.Disks).Path, 0));
    }

    [Fact]
    public async Task Copy_ofTheFolder_isNotTheMachine()
    {
        Create(copyOnWrite: true);
        await WriteAsync(0, 1);
        (await ForkAsync()).Dispose();
        string backup = Directory.CreateDirectory(Path.Combine(_files.Path, "backup")).FullName;
        foreach (string file in Directory.GetFiles(_folder.Path)) File.Copy(file, Path.Combine(backup, Path.GetFileName(file)));
        string[] before = Directory.GetFiles(backup);
        new ForkDisks(new MachineFolder(backup), _machine).Begin();
        Assert.Equal(before, Directory.GetFiles(backup));
    }

    [Fact]
    public async Task Forks_thatFail_addOneLayerAtMost()
    {
        Create(copyOnWrite: true);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        int most = 0;
        for (int i = 0; i < 2 * ForkDisks.MaxLayers; i++)
        {
            await WriteAsync(0, (byte)i);
            (await ForkAsync()).Dispose();
            if (_machine.WritableDisks[0]!.Layers.Count <= ForkDisks.MaxLayers) continue;

            // It is to become one with few, and cannot.
            most = _machine.WritableDisks[0]!.Layers.Count;
            await WriteAsync(0, (byte)i);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ForkSource.CreateAsync("parent", _disks, _folder.File(ForkSource.Place), new Progress<double>(), cancelled.Token));
            Assert.Equal(most, _machine.WritableDisks[0]!.Layers.Count);
            Assert.Empty(Directory.GetFileSystemEntries(_folder.File(ForkSource.Place)));
        }

        Assert.Equal(ForkDisks.MaxLayers + 1, most);
    }

    private void Create(bool copyOnWrite)
    {
        NamedMachine named = new MachineStore(Path.Combine(_files.Path, "state")).Create(_programs.BareMetal(Programs.Sleeping) with
        {
            Name = "parent", Disks = [new DiskConfig(_image, Format: DiskFormat.Raw, CopyOnWrite: copyOnWrite)],
        });
        Open(named.Folder);
    }

    private void Open(MachineFolder folder)
    {
        _folder = folder;
        _machine = VirtualMachine.Create(folder.Read().Config);
        _disks = new ForkDisks(folder, _machine);
    }

    private Task<VmSnapshot> KeepAsync() => _disks.KeepAsync(new ForkDiskFiles(Directory.CreateDirectory(Path.Combine(_files.Path, Guid.NewGuid().ToString())).FullName), null, default);

    private Task<ForkSource> ForkAsync() => ForkSource.CreateAsync("parent", _disks, _folder.File(ForkSource.Place), new Progress<double>(), default);

    private Task WriteAsync(long offset, byte value) => DiskBytes.FillAsync(_machine.WritableDisks[0]!, offset, value);
}
