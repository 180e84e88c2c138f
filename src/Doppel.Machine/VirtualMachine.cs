using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.User;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;
using Doppel.Core.Snapshot;
using Doppel.Core.Vcpu;
using Doppel.Engines;
using Doppel.Host.Threading;
using Doppel.Machine.Lifecycle;

namespace Doppel.Machine;

/// <summary>
/// One machine: made from a <see cref="VmConfig"/>, started, paused, resumed, reset, stopped. All members are thread-safe; the changes of state
/// take place one after the other.
/// </summary>
public sealed partial class VirtualMachine : IAsyncDisposable
{
    /// <summary>A vCPU answers a kick within microseconds; one that has not after this long never will, and that is an error of ours.</summary>
    private static readonly TimeSpan KickPatience = TimeSpan.FromSeconds(30);

    private readonly MachineParts _parts;
    private readonly IReadOnlyList<VcpuThread> _threads;
    private readonly SemaphoreSlim _transition = new(1, 1);
    private readonly Lock _memoryLock = new();
    private readonly TaskCompletionSource<VmExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task> _disposal;
    private volatile VmState _state;

    internal VirtualMachine(MachineParts parts, VmState state)
    {
        _parts = parts;
        _state = state;
        _threads = parts.Threads;
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        parts.Control.Requested = OnRequested;
    }

    /// <summary>Builds a machine: validates the configuration, opens the files, loads the images. Nothing runs yet.</summary>
    /// <exception cref="DoppelException">The configuration cannot work; the message has a line for each problem.</exception>
    public static VirtualMachine Create(VmConfig config, VmHost? host = null) => MachineBuilder.Build(config, host ?? new VmHost());

    public VmConfig Config => _parts.Config;

    public VmState State => _state;

    /// <summary>The processors. Their registers may be read and written while the machine is not running.</summary>
    public IReadOnlyList<IVcpu> Vcpus => _parts.Vcpus;

    /// <summary>The flattened device tree that the guest sees.</summary>
    public ReadOnlyMemory<byte> DeviceTree => _parts.DeviceTree();

    /// <summary>Accesses of the guest to addresses where nothing is.</summary>
    public long UnmappedAccesses => _parts.Bus.Unmapped.Value;

    /// <summary>Errors of ours in devices, survived; 0 unless there is a bug.</summary>
    public long DeviceFaults => _parts.Bus.DeviceFaults.Value;

    /// <summary>The user-mode networks of its own (<see cref="NetworkKind.User"/>), in the order of their adapters: their ports can be forwarded while it runs.</summary>
    public IReadOnlyList<UserNetwork> UserNetworks => _parts.UserNetworks;

    /// <summary>Where frames of the adapters can be recorded while the machine runs, in the order of the adapters.</summary>
    public IReadOnlyList<CapturePoint> Captures => _parts.Captures;

    /// <summary>What has been counted so far: unmapped accesses, device faults, and what the engine did. May be asked at any time.</summary>
    public IReadOnlyList<Statistic> Statistics =>
    [
        new("bus.unmapped-accesses", UnmappedAccesses),
        new("bus.device-faults", DeviceFaults),
        .. _parts.EngineStatistics(),
    ];

    /// <summary>Under the virtual clock, what the run can be told by: equal in all runs that went the same way. Exact while the machine does not run.</summary>
    public string? TraceHash => _parts.Hash?.ToString();

    /// <summary>The parts whose state makes up the machine's, but for RAM.</summary>
    internal IReadOnlyList<ISnapshotPart> Parts => _parts.SnapshotParts;

    /// <summary>Switches the machine on.</summary>
    /// <exception cref="DoppelException">It has been started before.</exception>
    public void Start() => Start(paused: false);

    /// <param name="paused">Whether it waits for <see cref="ResumeAsync"/> before its first instruction.</param>
    /// <exception cref="DoppelException">It has been started before.</exception>
    public void Start(bool paused)
    {
        _transition.Wait();
        try
        {
            if (_state != VmState.Created) throw WrongState("started", "create a new machine");
            if (paused) _state = VmState.Paused;
            else RunAll();
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Stops processors and guest time. Without effect on a paused machine.</summary>
    /// <exception cref="DoppelException">The machine is not running.</exception>
    public async Task PauseAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state == VmState.Paused) return;
            if (_state != VmState.Running) throw WrongState("paused", "only a running machine can be paused");
            await QuickThread.RunAsync(StopThread, StandStill).ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Goes on after <see cref="PauseAsync"/>. Without effect on a running machine.</summary>
    /// <exception cref="DoppelException">The machine is not paused.</exception>
    public async Task ResumeAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state == VmState.Running) return;
            if (_state != VmState.Paused) throw WrongState("resumed", "only a paused machine can be resumed");
            RunAll();
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Presses the reset button: all devices, processors and RAM are as after power-on, and a running machine boots again.</summary>
    /// <exception cref="DoppelException">The machine was never started or has ended.</exception>
    public async Task ResetAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state is not (VmState.Running or VmState.Paused)) throw WrongState("reset", "start a machine first");
            await ResetLockedAsync().ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Switches the machine off at once, as by pulling its plug; disks are flushed. Without effect on a machine that has ended.</summary>
    public async Task StopAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state != VmState.Stopped) await EndLockedAsync(new VmExit(VmExitReason.Stopped, 0)).ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Completes when the machine has ended, for whatever reason.</summary>
    public Task<VmExit> WaitForExitAsync(CancellationToken cancel = default) => _exit.Task.WaitAsync(cancel);

    /// <summary>Copies RAM out; false, and nothing copied, if any byte of the range is not RAM.</summary>
    public bool TryReadMemory(ulong address, Span<byte> destination)
    {
        lock (_memoryLock) return _parts.Memory.TryRead(address, destination);
    }

    /// <summary>Copies into RAM; false, and nothing copied, if any byte of the range is not RAM.</summary>
    public bool TryWriteMemory(ulong address, ReadOnlySpan<byte> source)
    {
        lock (_memoryLock) return _parts.Memory.TryWrite(address, source);
    }

    /// <summary>Stops the machine if need be and gives everything back to the host. In any state, any number of times.</summary>
    public ValueTask DisposeAsync() => new(_disposal.Value);

    private void RunAll()
    {
        _state = VmState.Running;
        _parts.Resume();
        _parts.Clock.Resume();
        _parts.Runs();
        // With a request pending the processors stay parked; it is about to be served.
        if (_parts.Control.Pending is not null) return;
        foreach (VcpuThread thread in _threads) thread.Resume();
    }

    private async Task ParkAllAsync()
    {
        Task all = Task.WhenAll(_threads.Select(t => t.PauseAsync()));
        try
        {
            await all.WaitAsync(KickPatience).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            throw StuckVcpu(exception);
        }
    }

    private DoppelException StuckVcpu(Exception? inner = null) => new(ErrorKind.TimedOut, $"{Config.Name}: a virtual processor does not stop", "report this as a bug of Doppel", inner);

    private async Task ResetLockedAsync()
    {
        // A machine that was made from a snapshot reads now what it boots, or fails before anything has changed.
        _ = _parts.Plan.Files.Value;
        await ParkAllAsync().ConfigureAwait(false);
        _parts.Clock.Pause();
        await _parts.Quiesce().ConfigureAwait(false);
        _parts.Bus.Reset();
        foreach (IVcpu vcpu in _parts.Vcpus) vcpu.Reset();
        _parts.Boot();
        _parts.Restarted();
        _parts.Control.Served();
        if (_state == VmState.Running) RunAll();
    }

    /// <summary>The order of an end: processors, time, devices; only then does anybody learn of it.</summary>
    private async Task EndLockedAsync(VmExit exit)
    {
        Task all = Task.WhenAll(_threads.Select(t => t.EndAsync()));
        try
        {
            await all.WaitAsync(KickPatience).ConfigureAwait(false);
            _parts.Clock.Pause();
            await _parts.Quiesce().ConfigureAwait(false);
            foreach (IBlockBackend disk in _parts.Disks.Where(d => !d.ReadOnly)) await disk.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            exit = new VmExit(VmExitReason.Fault, 1, $"{Config.Name}: the machine could not be stopped in order: {exception.Message}");
        }

        _state = VmState.Stopped;
        _parts.Hash?.Write();
        _exit.TrySetResult(exit);
    }

    /// <summary>On any thread, perhaps a vCPU's under a device's lock: stop the processors soon, do the rest elsewhere.</summary>
    private void OnRequested()
    {
        foreach (VcpuThread thread in _threads) _ = thread.PauseAsync();
        _ = Task.Run(ServeRequestAsync);
    }

    private async Task ServeRequestAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_parts.Control.Pending is not { } request || _state == VmState.Stopped) return;
            switch (request.Kind)
            {
                case MachineRequestKind.PowerOff:
                    await EndLockedAsync(new VmExit(VmExitReason.PowerOff, request.ExitCode)).ConfigureAwait(false);
                    break;
                case MachineRequestKind.Reset when Config.NoReboot:
                    await EndLockedAsync(new VmExit(VmExitReason.Reboot, 0)).ConfigureAwait(false);
                    break;
                case MachineRequestKind.Reset:
                    await ResetLockedAsync().ConfigureAwait(false);
                    break;
                default:
                    await EndLockedAsync(new VmExit(VmExitReason.Fault, 1, request.Message)).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception exception)
        {
            await EndLockedAsync(new VmExit(VmExitReason.Fault, 1, $"{Config.Name}: {exception.Message}")).ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
        }
    }

    private async Task DisposeOnceAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _nextStop?.Dispose();
        _parts.Disposed();
        _parts.Clock.Dispose();
        foreach (IBlockBackend disk in _parts.Disks) await disk.DisposeAsync().ConfigureAwait(false);
        // A processor that could not be stopped may still reach into RAM: then it stays mapped.
        if (_threads.All(t => t.EndAsync().IsCompleted))
        {
            lock (_memoryLock) _parts.Memory.Dispose();
        }
    }

    private DoppelException WrongState(string verb, string hint) =>
        new(ErrorKind.WrongState, $"{Config.Name}: cannot be {verb}: it is {_state.ToString().ToLowerInvariant()}", hint);
}
