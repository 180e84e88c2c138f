using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;

namespace Doppel.Tests.Unit.Machine.Named;

/// <summary>Children of named machines, each run in this process.</summary>
public sealed class ForkTests : IAsyncDisposable
{
    /// <summary>Says once that it boots, and then that it lives, now and then.</summary>
    private const string Talking = """
        li t0, 0x10000000
        li t1, 98; sb t1, 0(t0); li t1, 111; sb t1, 0(t0); sb t1, 0(t0); li t1, 116; sb t1, 0(t0); li t1, 46
        loop: sb t1, 0(t0); li t2, 200000
        wait: addi t2, t2, -1; bnez t2, wait
        j loop
        """;

    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;
    private readonly Dictionary<string, Task<VmExit>> _runs = [];

    public ForkTests() => _store = new MachineStore(Path.Combine(_folder.Path, "state"));

    public async ValueTask DisposeAsync()
    {
        // What a test that failed has left running.
        foreach (NamedMachine machine in _store.List().Where(m => m.Folder.IsTaken())) await machine.KillAsync();
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Children_goOnFromTheMoment_andHaveChildrenThemselves()
    {
        NamedMachine parent = await CreateAsync("parent");
        await UntilAsync(() => Shown("parent").StartsWith("boot..", StringComparison.Ordinal));
        await ForkAsync(parent, "one", "two");
        await ForkAsync(_store.Get("one"), "grandchild");
        Assert.Equal("one", (await _store.Get("grandchild").LookAsync()).Parent);
        await UntilAsync(() => Directory.GetDirectories(parent.Folder.File("forks")).Length == 0);

        // None needs another one to be there.
        await EndAsync("parent", "one");
        _store.Remove(parent);
        foreach (string name in (string[])["two", "grandchild"])
        {
            Assert.Equal(NamedState.Running, (await _store.Get(name).LookAsync()).State);
            int before = Shown(name).Length;
            await UntilAsync(() => Shown(name).Length > before + 2);
            Assert.DoesNotContain("boot", Shown(name), StringComparison.Ordinal);
        }

        await EndAsync("two", "grandchild");

        // What is started once more boots.
        _runs["two"] = await StartAsync(_store.Get("two"), null);
        await UntilAsync(() => Shown("two").Contains("boot..", StringComparison.Ordinal));
        await EndAsync("two");
    }

    [Fact]
    public async Task Seed_ofTheParent_isTheChildsAsWell()
    {
        NamedMachine parent = _store.Create(_programs.BareMetal(Talking) with { Name = "parent" }, seed: (login, file) => File.WriteAllText(file, login.PublicKey.PadRight(1024)));
        string key = parent.Login.PublicKey;
        Assert.Equal(new DiskConfig(parent.Folder.File("seed.iso"), ReadOnly: true, Format: DiskFormat.Raw), Assert.Single(parent.Folder.Read().Config.Disks));
        Assert.StartsWith(key, await File.ReadAllTextAsync(parent.Folder.File("seed.iso")), StringComparison.Ordinal);
        // By whatever name the folder is called.
        string link = Path.Combine(_folder.Path, "link");
        Directory.CreateSymbolicLink(link, _store.Folder);
        var store = new MachineStore(link);
        _runs["parent"] = await StartAsync(parent, null);
        await store.ForkAsync(store.Get("parent"), ["one"], async (child, point) => _runs["one"] = await StartAsync(child, point));
        await EndAsync("parent");
        _store.Remove(parent);

        NamedMachine child = store.Get("one");
        string seed = Assert.Single(child.Folder.Read().Config.Disks).Path;
        Assert.Equal(child.Folder.File("seed.iso"), seed);
        Assert.StartsWith(key, await File.ReadAllTextAsync(seed), StringComparison.Ordinal);
        Assert.NotEqual(key, child.Login.PublicKey);
        await EndAsync("one");
    }

    [Fact]
    public async Task Disks_areTheChildsOwn_onWhatWasOnTheParents()
    {
        string path = Path.Combine(_folder.Path, "disk.raw");
        DiskImage.CreateRaw(path, 3 << 20);
        await WriteAsync(path, 1 << 20, 5);
        NamedMachine parent = await CreateAsync("parent", path);
        await ForkAsync(parent, "one", "two");
        await ForkAsync(_store.Get("one"), "grandchild");
        await EndAsync("parent", "one", "two", "grandchild");
        _store.Remove(parent);
        await WriteAsync(path, 1 << 20, 9);
        string own = Assert.Single((await _store.Get("one").LookAsync()).Config.Disks).Path;
        await WriteAsync(own, 0, 7);
        foreach ((string name, byte first) in new[] { ("one", (byte)7), ("two", (byte)0), ("grandchild", (byte)0) })
        {
            DiskConfig disk = Assert.Single((await _store.Get(name).LookAsync()).Config.Disks);
            Assert.Equal((first, (byte)5), (await ReadAsync(disk.Path, 0), await ReadAsync(disk.Path, 1 << 20)));
        }
    }

    [Fact]
    public async Task Disks_inTheFolder_areSharedAmongAll_andOutliveTheParent()
    {
        string image = Path.Combine(_folder.Path, "image.raw");
        DiskImage.CreateRaw(image, 3 << 20);
        await WriteAsync(image, 1 << 20, 5);
        NamedMachine parent = _store.Create(_programs.BareMetal(Talking) with { Name = "parent", Disks = [new DiskConfig(image, CopyOnWrite: true)] });
        await WriteAsync(parent.Folder.File("disk0.qcow2"), 0, 6);
        _runs["parent"] = await StartAsync(parent, null);
        await ForkAsync(parent, "one", "two");
        await ForkAsync(_store.Get("one"), "grandchild");
        await EndAsync("parent", "one", "two", "grandchild");
        string[] layers = ["disk0-base", "disk0.1.qcow2", "disk0.qcow2"];
        foreach (string name in (string[])["parent", "one", "two", "grandchild"]) Assert.Equal(layers, Directory.GetFiles(_store.Get(name).Folder.Path, "disk*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string name in (string[])["parent", "one"])
        {
            await WriteAsync(Assert.Single((await _store.Get(name).LookAsync()).Config.Disks).Path, 0, 9);
            _store.Remove(_store.Get(name));
        }

        foreach (string name in (string[])["two", "grandchild"])
        {
            string disk = Assert.Single((await _store.Get(name).LookAsync()).Config.Disks).Path;
            Assert.Equal((6, 5), (await ReadAsync(disk, 0), await ReadAsync(disk, 1 << 20)));
        }
    }

    [Fact]
    public async Task Adapters_haveAddressesOfTheirOwn_andNoPortsOfTheHost()
    {
        int port = FreePort();
        NamedMachine parent = _store.Create(_programs.BareMetal(Talking) with
        {
            Name = "parent", Networks = [new NetworkConfig { Kind = NetworkKind.User, User = new UserNetworkSettings { Forwards = [$"127.0.0.1:{port}:22"] } }],
        });
        _runs["parent"] = await StartAsync(parent, null);
        await ForkAsync(parent, "one", "two");
        NetworkConfig[] all = [.. (await Task.WhenAll(_store.List().Select(m => m.LookAsync()))).Select(s => Assert.Single(s.Config.Networks))];
        Assert.Equal(3, all.Select(n => n.Mac).Distinct().Count());
        Assert.Equal([0, 1, 0], all.Select(n => n.User!.Forwards.Count));
        await EndAsync("parent", "one", "two");

        static int FreePort()
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return ((IPEndPoint)listener.LocalEndPoint!).Port;
        }
    }

    [Fact]
    public async Task Paused_machine_hasPausedChildren()
    {
        NamedMachine parent = await CreateAsync("parent");
        await parent.PauseAsync();
        await ForkAsync(parent, "child");
        NamedMachine child = _store.Get("child");
        Assert.Equal((NamedState.Paused, NamedState.Paused), ((await parent.LookAsync()).State, (await child.LookAsync()).State));
        Assert.Empty(Shown("child"));
        await child.ResumeAsync();
        await UntilAsync(() => Shown("child").Length > 2);
        await EndAsync("parent", "child");
    }

    [Fact]
    public async Task Mistakes_leaveNothingBehind()
    {
        NamedMachine off = _store.Create(_programs.BareMetal(Talking) with { Name = "off" });
        Assert.Equal(ErrorKind.WrongState, await KindAsync(ForkAsync(off, "child")));
        NamedMachine parent = await CreateAsync("parent");
        Assert.Equal(ErrorKind.WrongState, await KindAsync(ForkAsync(parent, "off")));
        Assert.Equal(ErrorKind.WrongState, await KindAsync(ForkAsync(parent, "same", "same")));
        Assert.Equal(ErrorKind.Usage, await KindAsync(ForkAsync(parent, "../x")));
        Assert.Equal(ErrorKind.Failed, await KindAsync(_store.ForkAsync(parent, ["child", "other"], (_, _) => throw new DoppelException(ErrorKind.Failed, "no process", null))));
        Assert.Equal(["off", "parent"], _store.List().Select(m => m.Name));
        Assert.Equal(NamedState.Running, (await parent.LookAsync()).State);

        // A child that comes too late finds nothing of its parent.
        string? gone = null;
        await _store.ForkAsync(parent, ["early"], async (child, point) =>
        {
            gone = point.Fork;
            _runs[child.Name] = await StartAsync(child, point);
        });
        await UntilAsync(() => !Directory.Exists(gone));
        Assert.Equal(ErrorKind.Unreachable, await KindAsync(off.RunHereAsync(start: new StartPoint { Fork = gone })));
        await EndAsync("parent", "early");
    }

    [Fact]
    public async Task What_aKilledProcessLeft_isGoneWithTheNextRun()
    {
        NamedMachine machine = _store.Create(_programs.BareMetal(Programs.Sleeping) with { Name = "machine" });
        string left = Directory.CreateDirectory(Path.Combine(machine.Folder.File("forks"), "left")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(left, "disk0"), [1]);
        _runs["machine"] = await StartAsync(machine, null);
        Assert.False(Directory.Exists(left));
        await EndAsync("machine");
    }

    private Task ForkAsync(NamedMachine parent, params string[] names) => _store.ForkAsync(parent, names, async (child, point) =>
    {
        Task<VmExit> run = await StartAsync(child, point);
        lock (_runs) _runs[child.Name] = run;
    });

    private async Task<NamedMachine> CreateAsync(string name, params string[] disks)
    {
        NamedMachine machine = _store.Create(_programs.BareMetal(Talking) with { Name = name, Disks = [.. disks.Select(d => new DiskConfig(d))] });
        _runs[name] = await StartAsync(machine, null);
        return machine;
    }

    private async Task EndAsync(params string[] names)
    {
        foreach (string name in names)
        {
            await _store.Get(name).KillAsync();
            await _runs[name].WaitAsync(Programs.Patience);
        }
    }

    private static async Task<Task<VmExit>> StartAsync(NamedMachine machine, StartPoint? start)
    {
        var ready = new TaskCompletionSource();
        Task<VmExit> run = machine.RunHereAsync(ready.SetResult, start: start);
        if (await Task.WhenAny(ready.Task, run).WaitAsync(Programs.Patience) == run) await run;
        return run;
    }

    private string Shown(string name)
    {
        using var log = new StreamReader(new FileStream(_store.Get(name).LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return log.ReadToEnd();
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        long start = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Programs.Patience);
            await Task.Delay(10);
        }
    }

    private static async Task WriteAsync(string path, long offset, byte value)
    {
        await using SynchronousDisk disk = DiskImage.Open(path);
        byte[] data = new byte[4096];
        data.AsSpan().Fill(value);
        await disk.WriteAsync(offset, data);
        await disk.FlushAsync();
    }

    private static async Task<byte> ReadAsync(string path, long offset)
    {
        await using SynchronousDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        byte[] data = new byte[512];
        await disk.ReadAsync(offset, data);
        return data[0];
    }

    private static async Task<ErrorKind> KindAsync(Task task) => (await Assert.ThrowsAsync<DoppelException>(() => task)).Kind;
}
