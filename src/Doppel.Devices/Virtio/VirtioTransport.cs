// Virtual I/O Device (VIRTIO) Version 1.2, sections 2.1 "Device Status Field", 2.2 "Feature Bits", 2.4 "Device Reset" and 3.1 "Device Initialization".
using Doppel.Core.Memory;
using Doppel.Core.Metrics;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>
/// What every transport does for its device: status, negotiation, queues, stops and snapshots. The derived class has the registers and the interrupt.
/// </summary>
/// <remarks>
/// The lock of the device and its transport is this object itself, because the bus enters a device under a lock on it. Stopping the machine:
/// vCPUs first, then <see cref="QuiesceAsync"/> and wait, then <see cref="Save"/>; <see cref="Resume"/> before the vCPUs run again.
/// A loaded transport is paused, too, until <see cref="Resume"/>.
/// </remarks>
public abstract class VirtioTransport : ISnapshotPart
{
    private readonly ITrace _trace;
    private readonly VirtioQueue[] _queues;
    private readonly HashSet<VirtioQueue> _later = [];
    private TaskCompletionSource? _idle;
    private bool _paused;
    private bool _configChanged;

    private protected VirtioTransport(VirtioDevice device, string name, GuestMemory memory, ITrace trace)
    {
        Device = device;
        SnapshotName = name;
        _trace = trace;
        _queues = [.. device.QueueSizes.Select((size, index) => new VirtioQueue(this, memory, index, size))];
        device.Plug(this);
    }

    public string SnapshotName { get; }

    /// <summary>How often a driver broke its rings, so that the device had to ask for a reset.</summary>
    public Counter DriverErrors { get; } = new();

    /// <summary>Errors of ours that were caught so that the machine keeps running.</summary>
    public Counter DeviceFaults { get; } = new();

    /// <summary>Queues are processed: the driver is ready and has not broken anything.</summary>
    internal bool Live => (Status & (VirtioStatus.DriverOk | VirtioStatus.NeedsReset)) == VirtioStatus.DriverOk;

    /// <summary>Whether queues may be popped now.</summary>
    internal bool MayPop => Live && !_paused;

    /// <summary>The machine waits for I/O to end: what is long should be put back.</summary>
    internal bool Paused => _paused;

    /// <summary>Does work soon, outside the access that wants it done; by default on a thread of the pool.</summary>
    public Action<Action> Later { get; set; } = work => ThreadPool.UnsafeQueueUserWorkItem(static work => work(), work, preferLocal: false);

    internal IReadOnlyList<VirtioQueue> Queues => _queues;

    private protected VirtioDevice Device { get; }

    private protected VirtioStatus Status { get; private set; }

    private protected ulong OfferedFeatures => Device.Features | VirtioFeature.Transport;

    /// <summary>What the driver has written so far; it counts once FEATURES_OK is set.</summary>
    private protected ulong DriverFeatures { get; private set; }

    private protected uint ConfigGeneration { get; private set; }

    private int InFlight
    {
        get
        {
            int all = 0;
            foreach (VirtioQueue queue in _queues) all += queue.InFlight;
            return all;
        }
    }

    /// <summary>Stops taking buffers from the queues; the task ends when the I/O under way has ended. Host events wait for <see cref="Resume"/>.</summary>
    public Task QuiesceAsync()
    {
        lock (this)
        {
            _paused = true;
            if (InFlight == 0) return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    /// <summary>Goes on after <see cref="QuiesceAsync"/> or <see cref="Load"/> with whatever has come in meanwhile.</summary>
    public void Resume()
    {
        Enter(() =>
        {
            _paused = false;
            if (_configChanged) ConfigChanged();
            ServiceAll();
        });
    }

    /// <summary>What the driver accepted; nothing until both have agreed.</summary>
    internal ulong Negotiated => (Status & VirtioStatus.FeaturesOk) != 0 ? DriverFeatures : 0;

    /// <summary>Whether the driver accepted the feature.</summary>
    internal bool Has(ulong feature) => (Negotiated & feature) != 0;

    /// <summary>Runs a device's reaction to a host event: under the lock, and so that an error of ours ends this device only.</summary>
    internal void Enter(Action action)
    {
        lock (this)
        {
            try
            {
                action();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                DeviceFaults.Increment();
                _trace.Warn($"{SnapshotName}: device error: {exception}");
                NeedReset();
            }
        }
    }

    /// <summary>The driver did something from which only a reset helps (section 2.1.2).</summary>
    internal void Fail(string reason)
    {
        DriverErrors.Increment();
        _trace.Warn($"{SnapshotName}: {reason}; the driver must reset the device");
        NeedReset();
    }

    /// <summary>Something went wrong on the host's side that a user should know.</summary>
    internal void Warn(string text) => _trace.Warn($"{SnapshotName}: {text}");

    /// <summary>The configuration space has changed.</summary>
    internal void ConfigChanged()
    {
        ConfigGeneration++;
        _configChanged = _paused;
        if (!_paused && (Status & VirtioStatus.DriverOk) != 0) SignalConfig();
    }

    /// <summary>Lets the device look at the queue again, soon.</summary>
    internal void ServiceLater(VirtioQueue queue)
    {
        if (!_later.Add(queue) || _later.Count > 1) return;
        Later(() => Enter(ServiceWaiting));
    }

    /// <summary>Lets the device look at a queue now.</summary>
    internal void Service(VirtioQueue queue)
    {
        if (!MayPop || !queue.Ready) return;
        queue.BeginTurn();
        Device.OnQueue(queue);
    }

    internal void ChainReturned()
    {
        if (_idle is null || InFlight > 0) return;
        _idle.SetResult();
        _idle = null;
    }

    internal void TraceQueue(VirtioQueue queue, string what, DescriptorChain chain, uint used)
    {
        if (!_trace.Enabled(TraceCategory.Virtio)) return;
        _trace.Write(TraceCategory.Virtio, $"{SnapshotName} q{queue.Index} {what} id={chain.Id} readable={chain.ReadableLength} writable={chain.WritableLength} used={used}");
    }

    /// <summary>The driver must know that a buffer was used.</summary>
    internal abstract void SignalUsed();

    private protected abstract void SignalConfig();

    /// <summary>Sets 32 feature bits; only before FEATURES_OK.</summary>
    private protected void SetDriverFeatures(uint word, uint bits)
    {
        if (word > 1 || (Status & VirtioStatus.FeaturesOk) != 0) return;
        int shift = (int)word * 32;
        DriverFeatures = DriverFeatures & ~(0xffff_ffffUL << shift) | (ulong)bits << shift;
    }

    /// <summary>The driver writes the status: it can set bits, and clear all of them by a reset.</summary>
    private protected void SetStatus(byte value)
    {
        if (value == 0)
        {
            ResetAll();
            return;
        }

        VirtioStatus wanted = (VirtioStatus)value & VirtioStatus.All & ~VirtioStatus.NeedsReset;
        VirtioStatus set = wanted & ~Status;
        if ((set & VirtioStatus.FeaturesOk) != 0 && !FeaturesAcceptable()) wanted &= ~VirtioStatus.FeaturesOk;
        // Section 3.1.1: the device is live only after the features were agreed on.
        if (((Status | wanted) & VirtioStatus.FeaturesOk) == 0) wanted &= ~VirtioStatus.DriverOk;
        set = wanted & ~Status;
        Status |= wanted;
        TraceState("status");
        if ((set & VirtioStatus.DriverOk) != 0) ServiceAll();
    }

    /// <summary>Enables a queue as the driver has described it.</summary>
    private protected void EnableQueue(VirtioQueue queue)
    {
        // The ring's format is a feature, so a queue before FEATURES_OK has none.
        if (queue.Ready || (Status & VirtioStatus.FeaturesOk) == 0) return;
        if (queue.Enable(DriverFeatures) is { } error) Fail(error);
        else Service(queue);
    }

    private protected void ResetAll()
    {
        Status = VirtioStatus.None;
        DriverFeatures = 0;
        TraceState("reset");
        _configChanged = false;
        foreach (VirtioQueue queue in _queues) queue.Reset();
        Device.Reset();
    }

    public virtual void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            if (InFlight > 0) throw new InvalidOperationException($"{SnapshotName}: I/O is under way; quiesce first.");
            writer.Write("device", Device.DeviceId);
            writer.Write("status", (ulong)Status);
            writer.Write("features", DriverFeatures);
            writer.Write("config-generation", ConfigGeneration);
            writer.Write("config-changed", _configChanged);
            foreach (VirtioQueue queue in _queues) writer.WriteGroup($"queue{queue.Index}", queue.Save);
            writer.WriteGroup("state", Device.Save);
        }
    }

    public virtual void Load(SnapshotReader reader)
    {
        lock (this)
        {
            _paused = true;
            ResetAll();
            try
            {
                LoadState(reader);
            }
            catch (SnapshotException)
            {
                ResetAll();
                throw;
            }
        }
    }

    private void LoadState(SnapshotReader reader)
    {
        ulong device = reader.GetUInt64("device", Device.DeviceId);
        if (device != Device.DeviceId) throw new SnapshotException($"The saved virtio device has id {device}, this one {Device.DeviceId}.");
        DriverFeatures = reader.GetUInt64("features");
        Status = (VirtioStatus)reader.GetUInt64("status", 0, byte.MaxValue);
        if ((Status & ~VirtioStatus.All) != 0) throw new SnapshotException($"The saved device status is 0x{(byte)Status:x2}.");
        bool negotiated = (Status & VirtioStatus.FeaturesOk) != 0;
        if (negotiated && !FeaturesAcceptable()) throw new SnapshotException($"The saved features 0x{DriverFeatures:x} are not all offered here: 0x{OfferedFeatures:x}.");
        if (!negotiated && (Status & VirtioStatus.DriverOk) != 0) throw new SnapshotException("The saved device is live without features.");
        ConfigGeneration = (uint)reader.GetUInt64("config-generation", 0, uint.MaxValue);
        _configChanged = reader.GetBoolean("config-changed");
        foreach (VirtioQueue queue in _queues) queue.Load(reader.GetGroup($"queue{queue.Index}"), negotiated ? DriverFeatures : 0);
        Device.Load(reader.GetGroup("state"));
    }

    private bool FeaturesAcceptable() => (DriverFeatures & VirtioFeature.Version1) != 0 && (DriverFeatures & ~OfferedFeatures) == 0;

    private void NeedReset()
    {
        if ((Status & VirtioStatus.NeedsReset) != 0) return;
        Status |= VirtioStatus.NeedsReset;
        ConfigChanged();
    }

    private void TraceState(string what)
    {
        if (!_trace.Enabled(TraceCategory.Virtio)) return;
        _trace.Write(TraceCategory.Virtio, $"{SnapshotName} {what} status={Status} features=0x{DriverFeatures:x}");
    }

    private void ServiceAll()
    {
        foreach (VirtioQueue queue in _queues) Service(queue);
    }

    private void ServiceWaiting()
    {
        VirtioQueue[] waiting = [.. _later];
        _later.Clear();
        foreach (VirtioQueue queue in waiting) Service(queue);
    }
}
