using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.User;
using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Metrics;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.Engines;
using Doppel.Machine.Boot;

namespace Doppel.Machine.Lifecycle;

/// <summary>What a board hands to the machine that it makes up.</summary>
internal sealed record MachineParts
{
    public VmConfig Config => Plan.Config;

    public required BootPlan Plan { get; init; }

    public required GuestMemory Memory { get; init; }

    public required SystemBus Bus { get; init; }

    public required IMachineClock Clock { get; init; }

    public required MachineControl Control { get; init; }

    public required IReadOnlyList<IVcpu> Vcpus { get; init; }

    /// <summary>Run them: each one, or all by turns.</summary>
    public required IReadOnlyList<VcpuThread> Threads { get; init; }

    /// <summary>Where the processors' way is noted; null if it is not.</summary>
    public TraceHash? Hash { get; init; }

    /// <summary>Everything with a state to save, but for RAM; in the order of saving.</summary>
    public required IReadOnlyList<ISnapshotPart> SnapshotParts { get; init; }

    /// <summary>Puts RAM and processors into the state after power-on: images loaded, entry points set. Only while nothing runs.</summary>
    public required Action Boot { get; init; }

    /// <summary>Tells the host's side that a reset has been carried out.</summary>
    public required Action Restarted { get; init; }

    /// <summary>Tells the guest that it lives a moment once more. Only while nothing runs.</summary>
    public required Action Relived { get; init; }

    /// <summary>The device tree that the guest sees, flattened.</summary>
    public required Func<ReadOnlyMemory<byte>> DeviceTree { get; init; }

    /// <summary>Devices with work of their own: completes when none of them touches the machine any more.</summary>
    public required Func<Task> Quiesce { get; init; }

    /// <summary>Devices go on after <see cref="Quiesce"/>.</summary>
    public required Action Resume { get; init; }

    /// <summary>Called when the machine goes on.</summary>
    public required Action Runs { get; init; }

    /// <summary>What the engine has counted.</summary>
    public required Func<IReadOnlyList<Statistic>> EngineStatistics { get; init; }

    /// <summary>Lets go of clocks and consoles after the machine has ended.</summary>
    public required Action Disposed { get; init; }

    /// <summary>Flushed and closed after the machine has ended.</summary>
    public required IReadOnlyList<IBlockBackend> Disks { get; init; }

    /// <summary>The user-mode networks that the machine has opened for its adapters.</summary>
    public required IReadOnlyList<UserNetwork> UserNetworks { get; init; }

    /// <summary>Where frames of the adapters can be recorded, in their order.</summary>
    public required IReadOnlyList<CapturePoint> Captures { get; init; }
}
