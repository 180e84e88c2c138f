using System.Runtime.InteropServices;
using Doppel.Backends.Console;
using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.User;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;
using Doppel.Host.Processes;
using Doppel.Machine.Agent;
using Doppel.Machine.Named.Control;
using Doppel.Machine.Named.Forks;
using Doppel.Machine.Portable;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Named;

/// <summary>One run of a named machine, in the process that carries it.</summary>
internal sealed class MachineProcess : IControlTarget
{
    /// <summary>A guest that has an address answers at once.</summary>
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(3);

    private readonly MachineFolder _folder;
    private readonly VirtualMachine _machine;
    private readonly MachinePorts _ports;
    private readonly ForkDisks _forks;
    private readonly TaskCompletionSource<EndRecord> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MachineProcess(MachineFolder folder, VirtualMachine machine, ConsoleHub console, MachinePorts ports)
    {
        _folder = folder;
        _machine = machine;
        Console = console;
        _ports = ports;
        _forks = new ForkDisks(folder, machine);
        Agent = ports.Agent is { } agent ? new AgentChannel(machine.Config.Name, agent) : null;
    }

    public ConsoleHub Console { get; }

    public IAgentChannel? Agent { get; }

    /// <summary>Runs a machine to its end.</summary>
    /// <param name="ready">Called when it runs and answers.</param>
    /// <param name="alone">Whether this process is there for the machine only.</param>
    /// <param name="start">Where it begins.</param>
    /// <exception cref="DoppelException">It cannot be started.</exception>
    public static async Task<VmExit> RunAsync(string name, MachineFolder folder, Action ready, bool alone, StartPoint start)
    {
        using IDisposable taken = folder.Take(name);
        MachineRecord record = folder.Read();
        ForkSource.Sweep(folder.File(ForkSource.Place));
        using var log = new ConsoleLog(folder.Log);
        var hub = new ConsoleHub(log);
        using var mux = new ConsoleMux(hub, record.Console);
        var ports = new MachinePorts(record.Config);
        VmConfig config = record.Config with { Ports = [.. record.Config.Ports, .. ports.Names] };
        var host = new VmHost { Serial = mux.Serial, Console = mux.Virtio, Restarted = mux.MachineReset, Ports = ports.Backends, ExpectsSnapshots = start.Fork is null };
        (VirtualMachine machine, bool isPaused) = await BuildAsync(folder, config, host, start, ports.Power).ConfigureAwait(false);
        await using (machine.ConfigureAwait(false))
        {
            var process = new MachineProcess(folder, machine, hub, ports);
            if (start.Fork is null) process._forks.Begin();
            return await process.RunAsync(ready, alone, isPaused || start.Paused).ConfigureAwait(false);
        }
    }

    /// <summary>A machine that goes on from a snapshot (the one that was asked for, or the one to which it was being set back when that was interrupted), from a fork, from where it was suspended, or boots.</summary>
    private static async Task<(VirtualMachine Machine, bool IsPaused)> BuildAsync(MachineFolder folder, VmConfig config, VmHost host, StartPoint start, PowerButton? button)
    {
        if (start.Fork is { } fork) return (Child(new ForkFolder(fork), config, host, button), start.Paused);
        SnapshotStore store = folder.Snapshots;
        SnapshotManifest? from = start.Snapshot is { } wanted ? store.Read(wanted) : await StoredDisks.CompleteAsync(folder, config, CancellationToken.None).ConfigureAwait(false);
        if (from is null)
        {
            var suspended = new SuspendedState(folder);
            return suspended.IsThere ? GoOn(suspended, config, host) : (VirtualMachine.Create(config, host), false);
        }

        using IDisposable held = await store.Files.LockAsync(CancellationToken.None).ConfigureAwait(false);
        using VmSnapshot snapshot = store.Load(from);
        // Adapters keep the addresses by which the guest knows them.
        config = config with { Networks = [.. config.Networks.Zip(snapshot.Config.Networks, (mine, then) => mine with { Mac = then.Mac })] };
        VirtualMachine machine = VirtualMachine.Revive(snapshot, host, config, () =>
        {
            store.Files.Restoring = from.Id;
            new SuspendedState(folder).Discard();
        });
        store.Files.Restored(from.Id);
        return (machine, false);
    }

    public async Task<IReadOnlyList<SavedObject>> SaveAsync(Stream output, IProgress<double> progress, CancellationToken cancel)
    {
        bool isPaused = _machine.State == VmState.Paused;
        using VmSnapshot snapshot = await _machine.SnapshotAsync().ConfigureAwait(false);
        // Adapters that were given an address when the machine was built keep it.
        MachineRecord record = _folder.Read();
        record = record with { Config = record.Config with { Networks = _machine.Config.Networks } };
        return await MachineSaver.WriteAsync(record, _folder.Snapshots, snapshot, isPaused, output, progress, cancel).ConfigureAwait(false);
    }

    public async Task<ControlReply> AnswerAsync(ControlRequest request, IProgress<double> progress, CancellationToken cancel)
    {
        switch (request.Verb)
        {
            case ControlVerb.Pause:
                await _machine.PauseAsync().ConfigureAwait(false);
                break;
            case ControlVerb.Resume or ControlVerb.Reset when _folder.Snapshots.Files.Restoring is not null:
                throw new DoppelException(ErrorKind.WrongState, $"{_machine.Config.Name}: setting it back to a snapshot failed, and its disks are a mixture", $"doppel snapshot restore {_machine.Config.Name} with a snapshot that is whole");
            case ControlVerb.Resume:
                await _machine.ResumeAsync().ConfigureAwait(false);
                break;
            case ControlVerb.Reset:
                await _machine.ResetAsync().ConfigureAwait(false);
                break;
            case ControlVerb.PowerButton:
                if (_machine.State == VmState.Paused) throw new DoppelException(ErrorKind.WrongState, $"{_machine.Config.Name}: a paused guest cannot switch itself off", $"doppel resume {_machine.Config.Name}");
                _ports.Power?.Press();
                break;
            case ControlVerb.Agent:
                if (Agent is null) throw new DoppelException(ErrorKind.WrongState, $"{_machine.Config.Name}: it has no port for an agent, as it has no virtio console", "a machine with one");
                if (_machine.State == VmState.Paused) throw new DoppelException(ErrorKind.WrongState, $"{_machine.Config.Name}: it is paused", $"doppel resume {_machine.Config.Name}");
                break;
            case ControlVerb.Capture:
                _ = Capture(request.Adapter);
                break;
            case ControlVerb.Kill:
                await _machine.StopAsync().ConfigureAwait(false);
                break;
            case ControlVerb.Fork:
                ControlReply now = Reply();
                ForkSource source = await ForkSource.CreateAsync(_machine.Config.Name, _forks, _folder.File(ForkSource.Place), progress, cancel).ConfigureAwait(false);
                return now with { Fork = source.Folder.Path, Kept = source };
            case ControlVerb.Snapshot:
                await SnapshotAsync(request.Snapshot ?? "", request.Comment, progress, cancel).ConfigureAwait(false);
                break;
            case ControlVerb.Restore:
                await RestoreAsync(request.Snapshot ?? "").ConfigureAwait(false);
                break;
            case ControlVerb.Wait:
                return new ControlReply { State = NamedState.Stopped, End = await _ended.Task.ConfigureAwait(false) };
            case ControlVerb.Statistics:
                return Reply() with { Statistics = _machine.Statistics.ToDictionary((Statistic s) => s.Name, s => s.Value) };
            case ControlVerb.Forwards:
                return Reply() with { Forwards = [.. User.Forwards.Select(f => f.ToString())] };
            case ControlVerb.AddForward:
                return Reply() with { Forwards = [User.AddForward(PortForward.Parse(request.Forward ?? "")).ToString()] };
            case ControlVerb.Probe:
                return Reply() with { Taken = await User.TakesConnectionsAsync(PortForward.Parse(request.Forward ?? "").GuestPort, ProbePatience, cancel).ConfigureAwait(false) };
            case ControlVerb.RemoveForward:
                User.RemoveForward(PortForward.Parse(request.Forward ?? ""));
                break;
        }

        return Reply();
    }

    public CapturePoint Capture(int adapter) =>
        _machine.Captures.ElementAtOrDefault(adapter) ?? throw new DoppelException(ErrorKind.NotFound, $"{_machine.Config.Name}: it has no network adapter {adapter}", _machine.Captures.Count == 0 ? "doppel create --net user" : $"0 to {_machine.Captures.Count - 1}");

    private UserNetwork User =>
        _machine.UserNetworks.FirstOrDefault() ?? throw new DoppelException(ErrorKind.WrongState, $"{_machine.Config.Name}: it has no network whose ports could be forwarded", "doppel create --net user");

    private static VirtualMachine Child(ForkFolder fork, VmConfig config, VmHost host, PowerButton? button)
    {
        using VmSnapshot parent = fork.Load();
        VirtualMachine child = VirtualMachine.Create(parent, host, config);
        button?.TellIdentity(Guid.NewGuid(), parent.Config.Networks.Zip(child.Config.Networks, (then, now) => (then.Mac!, now.Mac!)));
        return child;
    }

    private static (VirtualMachine Machine, bool IsPaused) GoOn(SuspendedState suspended, VmConfig config, VmHost host)
    {
        (VmSnapshot snapshot, bool isPaused) = suspended.Load(config);
        using (snapshot) return (VirtualMachine.Create(snapshot, host, config), isPaused);
    }

    private async Task SnapshotAsync(string name, string? comment, IProgress<double> progress, CancellationToken cancel)
    {
        // A name that cannot be is refused before the guest is stopped.
        SnapshotStore store = _folder.Snapshots;
        store.RequireFree(name, comment);
        using VmSnapshot snapshot = await _machine.SnapshotAsync().ConfigureAwait(false);
        _ = await store.SaveAsync(snapshot, name, comment, progress, cancel).ConfigureAwait(false);
    }

    private async Task RestoreAsync(string name)
    {
        SnapshotStore store = _folder.Snapshots;
        SnapshotManifest manifest = store.Read(name);
        using IDisposable held = await store.Files.LockAsync(CancellationToken.None).ConfigureAwait(false);
        using VmSnapshot snapshot = store.Load(manifest);
        await _machine.RestoreAsync(snapshot, () => store.Files.Restoring = manifest.Id).ConfigureAwait(false);
        store.Files.Restored(manifest.Id);
    }

    private async Task<VmExit> RunAsync(Action ready, bool alone, bool isPaused)
    {
        using IDisposable? outside = alone ? StandAlone() : null;
        var server = new ControlServer(_folder.Socket, this);
        await using (server.ConfigureAwait(false))
        {
            _folder.WriteStart();
            // What it goes on from belongs to the disks as they are now, and not as they will be in a moment.
            new SuspendedState(_folder).Discard();
            if (_machine.State == VmState.Created) _machine.Start(isPaused);
            else if (!isPaused) await _machine.ResumeAsync().ConfigureAwait(false);
            ready();
            VmExit exit = await _machine.WaitForExitAsync().ConfigureAwait(false);
            var end = new EndRecord(exit.Reason, exit.ExitCode, exit.Message, TimeProvider.System.GetUtcNow());
            _folder.WriteEnd(end);
            _ended.SetResult(end);
            return exit;
        }
    }

    /// <summary>Whoever started us may go, and its terminal with it. Who ends the session of the user or switches the host off means us, too.</summary>
    private PosixSignalRegistration StandAlone()
    {
        ProcessSession.Leave();
        return PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
        {
            c.Cancel = true;
            _ = _machine.StopAsync();
        });
    }

    private ControlReply Reply() => new()
    {
        ProcessId = Environment.ProcessId,
        HearsPower = _ports.Power is { IsHeard: true } ? true : null,
        State = _machine.State switch
        {
            VmState.Created => NamedState.Starting,
            VmState.Running => NamedState.Running,
            VmState.Paused => NamedState.Paused,
            _ => NamedState.Stopped,
        },
    };
}
