using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Vcpu;
using Doppel.Host.Threading;
using Doppel.Machine.Lifecycle;

namespace Doppel.Machine;

/// <summary>The state of a machine as a thing of its own.</summary>
public sealed partial class VirtualMachine
{
    private const string StopThread = "doppel-stop";

    /// <summary>Waits for the next time that the machine is kept.</summary>
    private QuickThread? _nextStop;

    /// <summary>
    /// Builds a machine that goes on where another one was: paused, with all that it had in RAM, processors, devices and disks. What it writes to its disks is its
    /// own, and gone with it.
    /// </summary>
    /// <param name="config">
    /// If given, the machine is made by it instead of by the saved one's configuration: with another name, another engine, other files of the host. What the guest
    /// sees must be the same.
    /// </param>
    /// <exception cref="DoppelException">The configuration cannot work, or does not fit the saved machine.</exception>
    public static VirtualMachine Create(VmSnapshot snapshot, VmHost? host = null, VmConfig? config = null) =>
        MachineBuilder.Build(snapshot, config ?? snapshot.Config, host ?? new VmHost());

    /// <summary>As the other overload, but with the disks of the configuration, which become what they were. They remain so.</summary>
    /// <param name="changing">Called when nothing can be refused any more, before the disks are changed.</param>
    internal static VirtualMachine Revive(VmSnapshot snapshot, VmHost host, VmConfig config, Action changing) => MachineBuilder.Revive(snapshot, config, host, changing);

    /// <summary>The disks, in their order; null for those that cannot be written.</summary>
    internal IReadOnlyList<SnapshotDisk?> WritableDisks => [.. _parts.Disks.Select(d => d as SnapshotDisk)];

    /// <summary>Takes the whole state; the machine goes on as it was. It stands still meanwhile, for a time that does not depend on the size of its RAM.</summary>
    /// <exception cref="DoppelException">The machine has ended, or the host has no memory for the changes.</exception>
    public Task<VmSnapshot> SnapshotAsync() => Rehearsal.Before(KeepAsync);

    /// <summary>The same, rehearsed or not.</summary>
    internal Task<VmSnapshot> KeepAsync() => KeepAsync(() =>
    {
        VmSnapshot snapshot = Keep();
        snapshot.BeginCopying();
        return snapshot;
    });

    /// <param name="work">Keeps the machine and does what is to be done then, on a thread that may block.</param>
    /// <param name="goesOnHere">Whether who waits for it goes on on that thread, too.</param>
    /// <returns>What the work returned.</returns>
    private async Task<T> KeepAsync<T>(Func<T> work, bool goesOnHere = false)
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state == VmState.Stopped) throw WrongState("saved", "only a machine that has not ended has a state");
            PrepareFreeze();
            QuickThread thread = _nextStop ?? new QuickThread(StopThread);
            _nextStop = null;
            return await thread.RunAsync(work, goesOnHere).ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
            _ = Task.Run(PrepareStopAsync);
        }
    }

    /// <summary>Who has been kept once may be so again: the thread for it waits then.</summary>
    private async Task PrepareStopAsync()
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state != VmState.Stopped) _nextStop ??= new QuickThread(StopThread);
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <param name="meanwhile">What is to be done while the machine stands still.</param>
    /// <returns>The state. What has to be copied of it is so when somebody needs it, until <see cref="VmSnapshot.BeginCopying"/> has been called.</returns>
    private VmSnapshot Keep(Action<VmSnapshot>? meanwhile = null)
    {
        bool running = StandStill();
        VmSnapshot? snapshot = null;
        try
        {
            snapshot = TakeSnapshot();
            meanwhile?.Invoke(snapshot);
            return snapshot;
        }
        catch
        {
            snapshot?.BeginCopying();
            snapshot?.Dispose();
            throw;
        }
        finally
        {
            if (running) RunAll();
        }
    }

    /// <summary>
    /// Makes a second machine that goes on from this moment on its own: running if this one is, paused otherwise. Both share RAM and disks copy-on-write; what the copy
    /// writes to its disks is gone with it.
    /// </summary>
    /// <param name="host">The copy's connections; it inherits none.</param>
    /// <param name="name">The copy's name; by default this one's.</param>
    /// <returns>Completes on a thread that is there for this call only, as a thread of the pool might have to wait for a processor: who awaits it without a context of its own goes on there.</returns>
    /// <exception cref="DoppelException">This machine has ended, or the host has not enough memory.</exception>
    public Task<VirtualMachine> ForkAsync(VmHost? host = null, string? name = null) => Rehearsal.Before(() => CopyAsync(host ?? new VmHost(), name ?? Config.Name));

    /// <summary>The same, rehearsed or not.</summary>
    internal Task<VirtualMachine> CopyAsync(VmHost host, string name)
    {
        // The copy's adapters have addresses of their own. Its guest goes on with the old ones until its driver is loaded anew: docs/devices/virtio-net.md.
        VmConfig config = Config with { Name = name, Networks = [.. Config.Networks.Select(ForCopy)] };
        return KeepAsync(() => Copy(config, host), goesOnHere: true);
    }

    /// <summary>One step after the other, and without the pool's help: most of them change the process's mappings, and others that do so would only wait for them.</summary>
    private VirtualMachine Copy(VmConfig config, VmHost host)
    {
        // What does not depend on the moment comes first.
        bool runs = _state == VmState.Running;
        MachineShell shell = MachineShell.Ahead(config, host);
        VmSnapshot snapshot;
        try
        {
            // Its memory is mapped before others of the process touch theirs again: the host has one of both wait for the other one.
            snapshot = Keep(kept => kept.LoadMemory(config.Name, shell.Memory));
        }
        catch
        {
            shell.Dispose();
            throw;
        }

        using (snapshot)
        {
            try
            {
                VirtualMachine copy = MachineBuilder.Build(snapshot, shell, host);
                if (!runs) return copy;

                // The copy has much to do at first, and this machine not to wait for it: the processor beside this machine's becomes the copy's.
                ThreadPlace.StepAside();
                copy.ResumeAsync().GetAwaiter().GetResult();
                return copy;
            }
            finally
            {
                // Only now: beside it the copy would be made more slowly.
                snapshot.BeginCopying();
            }
        }
    }

    /// <summary>
    /// Sets the machine back to a state of its own, or of one with the same hardware. It goes on from there if it is running, and is paused otherwise. The guest's
    /// time goes on from the moment of the snapshot; its real-time clock shows the host's.
    /// </summary>
    /// <exception cref="DoppelException">
    /// The machine has ended, or the snapshot is of another kind of machine: nothing has changed. Or the state is damaged: then the machine is paused, and good for
    /// another state only.
    /// </exception>
    public Task RestoreAsync(VmSnapshot snapshot) => RestoreAsync(snapshot, () => { });

    /// <param name="changing">Called when nothing can be refused any more, before anything is changed.</param>
    internal async Task RestoreAsync(VmSnapshot snapshot, Action changing)
    {
        await _transition.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_state == VmState.Stopped) throw WrongState("restored", "make a new machine from the snapshot");
            snapshot.CheckFits(Config.Name, _parts.Memory, _parts.SnapshotParts, _parts.Disks);
            FinishCopying();
            changing();
            await QuickThread.RunAsync(StopThread, () =>
            {
                bool running = StandStill();
                snapshot.LoadDisksAsync(Config.Name, _parts.Disks).GetAwaiter().GetResult();
                lock (_memoryLock)
                {
                    snapshot.LoadMemory(Config.Name, _parts.Memory);
                    snapshot.LoadParts(Config.Name, _parts.SnapshotParts);
                }

                _parts.Relived();
                if (running) RunAll();
                else _state = VmState.Paused;
                return running;
            }).ConfigureAwait(false);
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>An adapter of a copy. Two cannot listen on the same port of the host, have the same tap interface, or write the same file.</summary>
    internal static NetworkConfig ForCopy(NetworkConfig network) => network with
    {
        Mac = null,
        Capture = null,
        Kind = network.Kind == NetworkKind.Tap ? NetworkKind.Host : network.Kind,
        User = network.User is null ? null : network.User with { Forwards = [] },
    };

    /// <summary>What must have been copied of the snapshots before is, before the machine stands still.</summary>
    private void PrepareFreeze()
    {
        lock (_memoryLock)
        {
            foreach (MemoryRegion region in _parts.Memory.Regions) region.PrepareFreeze();
        }
    }

    /// <summary>What is left of the snapshots before is done before the machine stands still.</summary>
    private void FinishCopying()
    {
        lock (_memoryLock)
        {
            foreach (MemoryRegion region in _parts.Memory.Regions) region.FinishCopying();
        }
    }

    private VmSnapshot TakeSnapshot()
    {
        try
        {
            lock (_memoryLock) return VmSnapshot.Take(_parts.Plan, _parts.DeviceTree(), _parts.Memory, _parts.SnapshotParts, _parts.Disks);
        }
        catch (OutOfMemoryException exception)
        {
            throw new DoppelException(ErrorKind.InsufficientResources, $"{Config.Name}: cannot be saved: {exception.Message}", "free some memory of the host", exception);
        }
        finally
        {
            foreach (IVcpu vcpu in _parts.Vcpus) vcpu.DropWritePermissions();
        }
    }

    /// <summary>Stops processors, time and devices of a running machine, in this order. Blocks, without looking again and again whether they have stopped: that would take the processor from them.</summary>
    /// <returns>Whether it was running.</returns>
    private bool StandStill()
    {
        if (_state != VmState.Running) return false;
        foreach (Task parked in _threads.Select(t => t.PauseAsync()).ToArray())
        {
            if (!((IAsyncResult)parked).AsyncWaitHandle.WaitOne(KickPatience)) throw StuckVcpu();
        }

        _parts.Clock.Pause();
        Task quiet = _parts.Quiesce();
        ((IAsyncResult)quiet).AsyncWaitHandle.WaitOne();
        quiet.GetAwaiter().GetResult();
        _state = VmState.Paused;
        return true;
    }
}
