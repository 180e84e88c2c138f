using System.Net.Sockets;
using System.Text;
using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;

namespace Doppel.Tests.Unit.Machine.Named;

/// <summary>Named machines, each run in this process.</summary>
public sealed class MachineStoreTests : IDisposable
{
    /// <summary>Shows what is typed.</summary>
    private const string Echo = "li t0, 0x10000000; loop: lb t1, 5(t0); andi t1, t1, 1; beqz t1, loop; lb t2, 0(t0); sb t2, 0(t0); j loop";

    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;

    public MachineStoreTests() => _store = new MachineStore(Path.Combine(_folder.Path, "state"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Machine_livesItsLife()
    {
        Assert.Empty(_store.List());
        NamedMachine machine = Create("one", Programs.Counting);
        Assert.Equal(NamedState.Created, (await machine.LookAsync()).State);

        Task<VmExit> run = await StartAsync(machine);
        MachineStatus status = await machine.LookAsync();
        Assert.Equal((NamedState.Running, Environment.ProcessId), (status.State, status.ProcessId));
        await machine.PauseAsync();
        Assert.Equal(NamedState.Paused, (await machine.LookAsync()).State);
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.StopAsync(TimeSpan.FromSeconds(1))));
        await machine.ResumeAsync();
        await machine.ResetAsync();
        Assert.Contains("bus.unmapped-accesses", (await machine.StatisticsAsync()).Keys);

        Task<VmExit> waiting = machine.WaitAsync();
        await machine.KillAsync();
        Assert.Equal(new VmExit(VmExitReason.Stopped, 0), await waiting.WaitAsync(Programs.Patience));
        Assert.Equal(await run, await machine.WaitAsync());
        status = await machine.LookAsync();
        Assert.Equal((NamedState.Stopped, 0, new VmExit(VmExitReason.Stopped, 0)), (status.State, status.ProcessId, status.Exit));

        // Once more, and away.
        run = await StartAsync(machine);
        Assert.Equal(ErrorKind.WrongState, KindOf(() => _store.Remove(machine)));
        Assert.False(await machine.StopAsync(TimeSpan.Zero));
        await run;
        _store.Remove(machine);
        Assert.Empty(_store.List());
        Assert.Equal(ErrorKind.NotFound, KindOf(() => _store.Get("one")));
        Assert.Equal(ErrorKind.NotFound, await KindAsync(machine.LookAsync()));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_store.Folder, "machines")));
    }

    [Fact]
    public async Task Exit_code_ofTheGuest_isKept()
    {
        NamedMachine machine = Create("seven", "li t0, 0x100000; li t1, 0x00073333; sw t1, 0(t0); loop: j loop");
        Assert.Equal(7, (await machine.RunHereAsync()).ExitCode);
        Assert.Equal(7, (await machine.WaitAsync()).ExitCode);
        Assert.Equal(new VmExit(VmExitReason.PowerOff, 7), (await _store.Get("seven").LookAsync()).Exit);
    }

    [Fact]
    public async Task Machine_needsItsFilesNoMore()
    {
        VmConfig config = _programs.BareMetal(Programs.Counting) with { Name = "copy" };
        NamedMachine machine = _store.Create(config, "some-image", ConsoleRoute.Serial);
        File.Delete(config.Bios!);
        Task<VmExit> run = await StartAsync(machine);
        MachineStatus status = await machine.LookAsync();
        Assert.Equal(("some-image", NamedState.Running), (status.Image, status.State));
        await machine.KillAsync();
        await run;
    }

    [Fact]
    public void Disk_thatIsToStayAsItIs_getsALayerInTheMachinesFolder()
    {
        string image = Path.Combine(_folder.Path, "image");
        File.WriteAllBytes(image, [.. Enumerable.Repeat((byte)5, 1 << 20)]);
        NamedMachine machine = _store.Create(_programs.BareMetal(Programs.Counting) with { Name = "layered", Disks = [new DiskConfig(image, Format: DiskFormat.Raw, CopyOnWrite: true)] });
        // The first name may go: the machine has one of its own.
        File.Delete(image);

        DiskConfig disk = Assert.Single(machine.Folder.Read().Config.Disks);
        Assert.Equal(new DiskConfig(machine.Folder.File("disk0.qcow2")), disk);
        SynchronousDisk layer = DiskImage.Open(disk.Path);
        var bytes = new byte[512];
        layer.Read(4096, bytes);
        layer.Write(4096, new byte[512]);
        layer.Close();
        Assert.Equal(5, bytes[511]);
        Assert.DoesNotContain((byte)0, File.ReadAllBytes(machine.Folder.File("disk0-base")));
        _store.Remove(machine);
        Assert.False(Directory.Exists(machine.Folder.Path));
    }

    [Fact]
    public void Layer_thatCannotBeMade_leavesNothingBehind()
    {
        string image = Path.Combine(_folder.Path, "image");
        File.WriteAllBytes(image, new byte[4096]);
        VmConfig config = _programs.BareMetal(Programs.Counting) with { Name = "layered", Disks = [new DiskConfig(image, Format: DiskFormat.Qcow2, CopyOnWrite: true)] };
        Assert.Equal(ErrorKind.Failed, KindOf(() => _store.Create(config)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_store.Folder, "machines")));
    }

    [Fact]
    public async Task Consoles_ofSeveralUsers_showTheSame_andTheLogAsWell()
    {
        NamedMachine machine = Create("echo", Echo);
        Task<VmExit> run = await StartAsync(machine);
        var one = new MemoryConsole();
        var other = new MemoryConsole();
        using var leaving = new CancellationTokenSource();
        Task first = machine.AttachAsync(one, leaving.Token);
        Task second = machine.AttachAsync(other);
        // Who types is attached; the other one may come a moment later.
        other.Send("a");
        await other.WaitForAsync("a", Programs.Patience);
        one.Send("b");
        await one.WaitForAsync("b", Programs.Patience);
        await other.WaitForAsync("b", Programs.Patience);

        await leaving.CancelAsync();
        await first;
        other.Send("c");
        await other.WaitForAsync("c", Programs.Patience);
        Assert.DoesNotContain("c", one.Output);
        await machine.KillAsync();
        await second.WaitAsync(Programs.Patience);
        await run;
        Assert.EndsWith("bc", await File.ReadAllTextAsync(machine.LogPath));
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.AttachAsync(one)));
    }

    [Fact]
    public async Task Crash_isSeen()
    {
        NamedMachine machine = Create("crash", Programs.Counting);
        // What a killed process leaves behind: it was started, and there is no word of its end.
        machine.Folder.WriteStart();
        await File.WriteAllTextAsync(machine.Folder.Socket, "a stale socket");

        Assert.Equal(NamedState.Crashed, (await machine.LookAsync()).State);
        Assert.Equal(ErrorKind.Failed, await KindAsync(machine.WaitAsync()));
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.KillAsync()));
        Task<VmExit> run = await StartAsync(machine);
        await machine.KillAsync();
        await run;
        Assert.Equal(NamedState.Stopped, (await machine.LookAsync()).State);
    }

    [Fact]
    public async Task Machine_thatRuns_cannotBeStarted()
    {
        NamedMachine machine = Create("twice", Programs.Sleeping);
        Task<VmExit> run = await StartAsync(machine);
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.RunHereAsync()));
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.StartAsync(["/bin/false"])));
        await machine.KillAsync();
        await run;
    }

    [Fact]
    public async Task Process_thatFails_givesItsReason()
    {
        NamedMachine machine = Create("fails", Programs.Sleeping);
        DoppelException refused = await Assert.ThrowsAsync<DoppelException>(() => machine.StartAsync(["/bin/sh", "-c", "echo doppel: no luck >&2; echo try: again >&2; exit 8"]));
        Assert.Equal((ErrorKind.InsufficientResources, "no luck", "again"), (refused.Kind, refused.Message, refused.Hint));
        Assert.Equal(NamedState.Created, (await machine.LookAsync()).State);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("-x")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("x2345678901234567890123456789012345678901234567890123456789012345")]
    public void Names_thatAreNone_areRefused(string name)
    {
        Assert.Equal(ErrorKind.Usage, KindOf(() => Create(name, Programs.Sleeping)));
        Assert.Equal(ErrorKind.NotFound, KindOf(() => _store.Get(name)));
    }

    [Fact]
    public void Machine_thatCannotBeMade_leavesNothingBehind()
    {
        Create("taken", Programs.Sleeping);
        Assert.Equal(ErrorKind.WrongState, KindOf(() => Create("taken", Programs.Sleeping)));
        Assert.ThrowsAny<DoppelException>(() => _store.Create(new VmConfig { Name = "bad", Kernel = "/nonexistent" }));
        Assert.Equal(["taken"], _store.List().Select(m => m.Name));
        Assert.Single(Directory.GetFileSystemEntries(Path.Combine(_store.Folder, "machines")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":99,\"name\":\"x\",\"created\":\"2026-01-01T00:00:00Z\",\"console\":\"Auto\",\"config\":{}}")]
    public async Task Folder_thatIsDamaged_isSaidToBe_andCanBeRemoved(string record)
    {
        NamedMachine machine = Create("damaged", Programs.Sleeping);
        await File.WriteAllTextAsync(machine.Folder.File("machine.json"), record);

        Assert.Equal("damaged", Assert.Single(_store.List()).Name);
        Assert.Equal(ErrorKind.Corrupt, await KindAsync(machine.LookAsync()));
        Assert.Equal(ErrorKind.Corrupt, await KindAsync(machine.RunHereAsync()));
        _store.Remove(machine);
        Assert.Empty(_store.List());
    }

    [Fact]
    public async Task Nonsense_onTheSocket_harmsNobody()
    {
        NamedMachine machine = Create("target", Programs.Sleeping);
        Task<VmExit> run = await StartAsync(machine);
        var random = new Random(1);
        string[] lines = ["\n", "null\n", "{}\n", "{\"verb\":\"Dance\"}\n", "{\"verb\":99}\n", new string('x', 100_000), "{\"verb\":\"Console\"}\n\u0000\uffff", "{\"verb\":\"Wait\"}\n"];
        for (int i = 0; i < 60; i++)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(machine.Folder.Socket));
            byte[] noise = Encoding.UTF8.GetBytes(lines[i % lines.Length]);
            try
            {
                await socket.SendAsync(noise);
                random.NextBytes(noise);
                await socket.SendAsync(noise);
            }
            catch (SocketException)
            {
                // It hangs up on us: as it should.
            }
        }

        // On a busy host an answer may take longer than a look waits for it.
        using var patience = new CancellationTokenSource(Programs.Patience);
        while ((await machine.LookAsync(patience.Token)).State != NamedState.Running) await Task.Delay(10, patience.Token);
        await machine.KillAsync();
        await run.WaitAsync(Programs.Patience);
    }

    [Fact]
    public void Folder_isTheUsersAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes");
            return;
        }

        NamedMachine machine = Create("private", Programs.Sleeping);
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal((Private, Private), (File.GetUnixFileMode(machine.Folder.Path), File.GetUnixFileMode(_store.Folder)));
    }

    [Theory]
    [InlineData("/own", "/xdg", "/home/me", "/own")]
    [InlineData("", "/xdg", "/home/me", "/xdg/doppel")]
    [InlineData(null, "relative", "/home/me", "/home/me/.local/state/doppel")]
    [InlineData(null, null, "/home/me", "/home/me/.local/state/doppel")]
    public void Usual_folder_followsTheEnvironment(string? own, string? xdg, string home, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has another usual folder");
        var environment = new Dictionary<string, string?> { ["DOPPEL_STATE"] = own, ["XDG_STATE_HOME"] = xdg, ["HOME"] = home };
        Assert.Equal(expected, MachineStore.DefaultFolder(environment.GetValueOrDefault));
    }

    private NamedMachine Create(string name, string program) => _store.Create(_programs.BareMetal(program) with { Name = name });

    /// <summary>Runs the machine in this process; returns when it answers.</summary>
    private static async Task<Task<VmExit>> StartAsync(NamedMachine machine)
    {
        var ready = new TaskCompletionSource();
        Task<VmExit> run = Task.Run(() => machine.RunHereAsync(ready.SetResult));
        await (await Task.WhenAny(ready.Task, run).WaitAsync(Programs.Patience));
        return run;
    }

    private static ErrorKind KindOf(Action action) => Assert.Throws<DoppelException>(action).Kind;

    private static async Task<ErrorKind> KindAsync(Task task) => (await Assert.ThrowsAsync<DoppelException>(() => task)).Kind;
}
