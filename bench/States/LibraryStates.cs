using Doppel.Machine;
using Doppel.Machine.Snapshots;

namespace Doppel.Bench.States;

/// <summary>Our machine in this process, as a program has it that uses the library.</summary>
/// <param name="folder">For its stored snapshots; emptied first.</param>
internal sealed class LibraryStates(BenchGuest guest, string folder) : StateContender
{
    private readonly SnapshotStore _store = Emptied(folder);
    private VirtualMachine? _machine;
    private VmSnapshot? _kept;
    private int _number;
    private int _busyMegabytes;

    public override string Name => "library";

    public override IReadOnlyList<(string Name, Func<Task<IReadOnlyList<double>>> Measure)> Operations =>
    [
        (StateTable.Forks, () => ForksAtOnce.MeasureAsync(Machine)),
        (StateTable.Stored, async () =>
        {
            await BeatAsync();
            return await WhileItRunsAsync(async () =>
            {
                _kept?.Dispose();
                _kept = await Machine.SnapshotAsync();
                await _store.SaveAsync(_kept, $"s{++_number}");
            });
        }),
        (StateTable.InPlace, () => UntilItGoesOnAsync(() => Machine.RestoreAsync(_kept!))),
        (StateTable.Fork, ForkAsync),
    ];

    private VirtualMachine Machine => _machine!;

    public override async Task BootAsync(int busyMegabytes)
    {
        _busyMegabytes = busyMegabytes;
        var config = new VmConfig
        {
            MemoryBytes = (ulong)guest.MemoryMegabytes << 20, Kernel = guest.Image.KernelPath, Initrd = guest.InitrdPath, Append = guest.CommandLine, Disks = [new DiskConfig(guest.Disk!)],
        };
        _machine = VirtualMachine.Create(config, new VmHost { Serial = Beats });
        _machine.Start();
        await Beats.WaitForAsync("bench ready");
    }

    public override async ValueTask DisposeAsync()
    {
        _kept?.Dispose();
        if (_machine is not null) await _machine.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static SnapshotStore Emptied(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        return new SnapshotStore(folder);
    }

    /// <returns>The parent's pause, and how long it takes until the child runs. The child goes then: it is as busy as its parent.</returns>
    private async Task<IReadOnlyList<double>> ForkAsync()
    {
        // Not an asynchronous function of its own: to have that compiled took longer than the fork.
        Task<VirtualMachine>? fork = null;
        IReadOnlyList<double> measured = await WhileItRunsAsync(() => fork = Machine.ForkAsync(new VmHost { Serial = new Heartbeat() }));
        await (await fork!).DisposeAsync();
        return measured;
    }

    /// <summary>It idles until it has had its forks.</summary>
    private async Task BeatAsync()
    {
        if (_busyMegabytes == 0) return;
        Beats.Type($"beat {_busyMegabytes}");
        _busyMegabytes = 0;
        await Beats.WaitForAsync("bench beats");
    }
}
