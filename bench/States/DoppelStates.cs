using System.Diagnostics;
using Doppel.Backends.Console;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;

namespace Doppel.Bench.States;

/// <summary>Our machine in a process of its own, told what to do through its socket.</summary>
/// <param name="program">The command.</param>
/// <param name="folder">For its state; emptied first.</param>
internal sealed class DoppelStates(BenchGuest guest, string program, string folder) : StateContender
{
    private const string MachineName = "beats";
    private readonly MachineStore _store = Emptied(folder);
    private NamedMachine? _child;
    private readonly CancellationTokenSource _leaving = new();
    private NamedMachine? _machine;
    private Task _attached = Task.CompletedTask;
    private int _number;
    private string _stored = "";

    public override string Name => "doppel";

    public override IReadOnlyList<(string Name, Func<Task<IReadOnlyList<double>>> Measure)> Operations =>
    [
        (StateTable.Stored, () => WhileItRunsAsync(() => Machine.SnapshotAsync(_stored = $"s{++_number}"))),
        (StateTable.InPlace, () => UntilItGoesOnAsync(() => Machine.RestoreAsync(_stored, () => throw new InvalidOperationException("It runs.")))),
        (StateTable.Fork, ForkAsync),
        (StateTable.File, () => WhileItRunsAsync(() => MachineFile.SaveAsync(Machine, Path.Combine(folder, $"file{++_number}")))),
        (StateTable.StoredStart, async () =>
        {
            await EndAsync();
            return await StartAsync(new StartPoint { Snapshot = _stored });
        }),
    ];

    private NamedMachine Machine => _machine!;

    public override async Task BootAsync(int busyMegabytes)
    {
        var config = new VmConfig
        {
            Name = MachineName, MemoryBytes = (ulong)guest.MemoryMegabytes << 20, Kernel = guest.Image.KernelPath, Initrd = guest.InitrdPath, Append = guest.CommandLine, Disks = [new DiskConfig(guest.Disk!)],
        };
        _machine = _store.Create(config, console: ConsoleRoute.Serial);
        await RunAsync(Machine, new StartPoint());
        await AttachAsync();
        while (!File.ReadAllText(Machine.LogPath).Contains("bench ready", StringComparison.Ordinal)) await Task.Delay(10);
        Beats.Type($"beat {busyMegabytes}");
        await Beats.WaitForAsync("bench beats");
    }

    public override async ValueTask DisposeAsync()
    {
        await EndChildAsync();
        await EndAsync();
        _leaving.Dispose();
    }

    private static MachineStore Emptied(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Environment.SetEnvironmentVariable("DOPPEL_STATE", folder);
        return new MachineStore(folder);
    }

    private Task RunAsync(NamedMachine machine, StartPoint start)
    {
        // As from another terminal: processes of one session share the host's processors with each other, and who watches the guest is in this one.
        List<string> command = ["setsid", program, "machine-process", machine.Name];
        if (start.Snapshot is { } snapshot) command.AddRange(["--from", snapshot]);
        if (start.Fork is { } fork) command.AddRange(["--fork", fork]);
        return machine.StartAsync(command);
    }

    private async Task AttachAsync()
    {
        Beats = new Heartbeat();
        _attached = Machine.AttachAsync(Beats, _leaving.Token);
        await Task.Yield();
    }

    /// <returns>The parent's pause, and how long it takes until the child runs.</returns>
    private async Task<IReadOnlyList<double>> ForkAsync()
    {
        IReadOnlyList<double> measured = await WhileItRunsAsync(() => _store.ForkAsync(Machine, [$"child{++_number}"], async (child, start) =>
        {
            await RunAsync(child, start);
            _child = child;
        }));
        await EndChildAsync();
        return measured;
    }

    /// <summary>It is as busy as its parent: what is measured next would be measured beside it.</summary>
    private async Task EndChildAsync()
    {
        if (_child is null) return;
        await _child.KillAsync();
        _child = null;
    }

    private async Task<IReadOnlyList<double>> StartAsync(StartPoint start)
    {
        long begin = Stopwatch.GetTimestamp();
        await RunAsync(Machine, start);
        await AttachAsync();
        return [Stopwatch.GetElapsedTime(begin, await Beats.FirstAfterAsync(begin)).TotalMilliseconds];
    }

    private async Task EndAsync()
    {
        if (_machine is null || (await Machine.LookAsync()).ProcessId == 0) return;
        await Machine.KillAsync();
        await _attached;
    }
}
