using System.Text;
using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>Machines that are saved while they are switched on, each run in this process.</summary>
public sealed class LiveMachineFileTests : IDisposable
{
    /// <summary>Answers each key with the one before, which it keeps in RAM.</summary>
    private const string Remember =
        "li s0, 0x10000000; li s1, 0x80001000; li t0, 63; sb t0, 0(s1); loop: lb t1, 5(s0); andi t1, t1, 1; beqz t1, loop; lb t2, 0(s0); lb t3, 0(s1); sb t3, 0(s0); sb t2, 0(s1); j loop";

    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;
    private readonly MachineStore _other;

    public LiveMachineFileTests()
    {
        _store = new MachineStore(Path.Combine(_folder.Path, "state"));
        _other = new MachineStore(Path.Combine(_folder.Path, "other"));
    }

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, EngineKind.Auto, EngineKind.Interpreter)]
    [InlineData(false, EngineKind.Interpreter, EngineKind.Auto)]
    [InlineData(true, EngineKind.Auto, EngineKind.Auto)]
    public async Task Machine_goes_on_here_and_there(bool pause, EngineKind engine, EngineKind otherEngine)
    {
        NamedMachine machine = Create(engine);
        Task<VmExit> run = await StartAsync(machine);
        var console = new MemoryConsole();
        _ = machine.AttachAsync(console);
        console.Send("a");
        await console.WaitForAsync("?", Programs.Patience);
        if (pause) await machine.PauseAsync();
        var file = new MemoryStream();
        IReadOnlyList<SavedObject> saved = await MachineFile.SaveAsync(machine, file);
        Assert.Equal(["machine", "bios", "state", "ram/0", "disk/0"], saved.Select(o => o.Name));
        Assert.Equal(pause ? NamedState.Paused : NamedState.Running, (await machine.LookAsync()).State);
        if (pause) await machine.ResumeAsync();
        console.Send("b");
        await console.WaitForAsync("a", Programs.Patience);
        await machine.KillAsync();
        await run;

        NamedMachine loaded = await MachineFile.LoadAsync(_other, new MemoryStream(file.ToArray()), "file", new MachineLoad { Engine = otherEngine });
        Assert.Equal(NamedState.Suspended, (await loaded.LookAsync()).State);
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => loaded.WaitAsync())).Kind);
        await GoesOnAsync(loaded, pause, "a");
        Assert.Equal(NamedState.Stopped, (await loaded.LookAsync()).State);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(loaded.Folder.Path), e => Path.GetFileName(e).StartsWith("suspended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Adapter_keeps_the_address_that_the_guest_knows()
    {
        NamedMachine loaded = await MachineFile.LoadAsync(_other, new MemoryStream(await SaveRunningAsync()), "file", new MachineLoad());
        Assert.NotNull((await loaded.LookAsync()).Config.Networks[0].Mac);
        await GoesOnAsync(loaded, paused: false, "x");
    }

    [Fact]
    public async Task Suspended_machine_is_saved_as_it_is()
    {
        byte[] file = await SaveRunningAsync();
        NamedMachine loaded = await MachineFile.LoadAsync(_other, new MemoryStream(file), "file", new MachineLoad { Paused = true });
        var again = new MemoryStream();
        await MachineFile.SaveAsync(loaded, again, "secret");
        NamedMachine third = await MachineFile.LoadAsync(_other, new MemoryStream(again.ToArray()), "file", new MachineLoad { Name = "third", Passphrase = () => "secret" });
        await GoesOnAsync(third, paused: true, "x");
    }

    [Fact]
    public async Task Suspended_machine_whose_state_is_damaged_stays_as_it_is()
    {
        NamedMachine loaded = await MachineFile.LoadAsync(_other, new MemoryStream(await SaveRunningAsync()), "file", new MachineLoad());
        string state = loaded.Folder.File("suspended/state.json");
        string good = await File.ReadAllTextAsync(state);
        foreach (string bad in (string[])["", "null", "{}", good[..^5], good.Replace("\"ram\"", "\"rom\""), good.Replace("\"parts\":[", "\"parts\":[null,")])
        {
            await File.WriteAllTextAsync(state, bad);
            DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => loaded.RunHereAsync());
            Assert.True(error.Kind is ErrorKind.Corrupt or ErrorKind.WrongState, error.Message);
            Assert.Equal(bad, await File.ReadAllTextAsync(state));
        }

        await File.WriteAllTextAsync(state, good);
        await GoesOnAsync(loaded, paused: false, "x");
    }

    [Fact]
    public async Task User_who_goes_away_harms_nobody()
    {
        NamedMachine machine = Create(EngineKind.Auto);
        Task<VmExit> run = await StartAsync(machine);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MachineFile.SaveAsync(machine, new LeavingStream(cancel), cancel: cancel.Token));
        await MachineFile.SaveAsync(machine, new MemoryStream());
        await machine.KillAsync();
        await run;
    }

    [Theory]
    [InlineData("\"regions\":[{\"name\":\"ram\",\"length\":33554432}]", "\"regions\":[]", "regions")]
    [InlineData("\"length\":33554432", "\"length\":18446744073709551615", "regions")]
    [InlineData("\"length\":33554432", "\"length\":4096", "another length")]
    [InlineData("\"parts\":[", "\"parts\":[null,", "parts")]
    [InlineData("\"regions\":[", "\"regions\":[{\"name\":\"more\",\"length\":4096},", "another length")]
    public async Task State_of_somebody_who_means_no_good_is_refused(string text, string other, string why)
    {
        using var forged = new ForgedFile();
        foreach ((Doppel.Machine.Portable.Format.PortableObject found, byte[] content) in await PortableFiles.ReadAsync(new MemoryStream(await SaveRunningAsync()), maxLength: 64 << 20))
        {
            string change = Encoding.UTF8.GetString(found.Name == "state" ? content : []);
            if (found.Name == "state") Assert.Contains(text, change);
            forged.Whole(found.Name, found.Name == "state" ? Encoding.UTF8.GetBytes(change.Replace(text, other)) : content);
        }

        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => MachineFile.LoadAsync(_other, new MemoryStream(forged.End()), "file", new MachineLoad()));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
        Assert.Contains(why, error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_other.Folder, "machines")));
    }

    /// <summary>The file of a machine that remembers an x.</summary>
    private async Task<byte[]> SaveRunningAsync()
    {
        NamedMachine machine = Create(EngineKind.Auto);
        Task<VmExit> run = await StartAsync(machine);
        var console = new MemoryConsole();
        _ = machine.AttachAsync(console);
        console.Send("x");
        await console.WaitForAsync("?", Programs.Patience);
        var file = new MemoryStream();
        await MachineFile.SaveAsync(machine, file);
        await machine.KillAsync();
        await run;
        return file.ToArray();
    }

    private NamedMachine Create(EngineKind engine)
    {
        string disk = Path.Combine(_folder.Path, "disk.img");
        DiskImage.CreateRaw(disk, 128 << 10);
        return _store.Create(_programs.BareMetal(Remember) with { Name = "live", Engine = engine, Networks = [new NetworkConfig()], Disks = [new DiskConfig(disk)] });
    }

    private static async Task GoesOnAsync(NamedMachine machine, bool paused, string remembered)
    {
        Task<VmExit> run = await StartAsync(machine);
        Assert.Equal(paused ? NamedState.Paused : NamedState.Running, (await machine.LookAsync()).State);
        if (paused) await machine.ResumeAsync();
        var console = new MemoryConsole();
        _ = machine.AttachAsync(console);
        console.Send("z");
        await console.WaitForAsync(remembered, Programs.Patience);
        await machine.KillAsync();
        await run;
    }

    private static async Task<Task<VmExit>> StartAsync(NamedMachine machine)
    {
        var ready = new TaskCompletionSource();
        Task<VmExit> run = Task.Run(() => machine.RunHereAsync(ready.SetResult));
        await await Task.WhenAny(ready.Task, run).WaitAsync(Programs.Patience);
        return run;
    }

    /// <summary>Takes a little, then its user presses Ctrl-C.</summary>
    private sealed class LeavingStream(CancellationTokenSource cancel) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancel.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
