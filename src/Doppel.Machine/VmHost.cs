using Doppel.Core.Backends;

namespace Doppel.Machine;

/// <summary>What one machine is connected to on the host's side. Whoever made a backend disposes it, after the machine.</summary>
public sealed record VmHost
{
    /// <summary>The serial port (<c>ttyS0</c>): firmware and kernel messages. Without one its output is dropped.</summary>
    public IConsoleBackend? Serial { get; init; }

    /// <summary>The virtio console (<c>hvc0</c>). Without one its output is dropped.</summary>
    public IConsoleBackend? Console { get; init; }

    /// <summary>The host's ends of <see cref="VmConfig.Ports"/> by name; a port without one drops its output.</summary>
    public IReadOnlyDictionary<string, IConsoleBackend> Ports { get; init; } = new Dictionary<string, IConsoleBackend>();

    /// <summary>What <see cref="VmConfig.Networks"/> are plugged into, in that order; an adapter without one has no cable. Each serves one machine only.</summary>
    public IReadOnlyList<INetworkBackend> Networks { get; init; } = [];

    /// <summary>Called when the machine has been reset, by the guest or by the host, before it runs again: its firmware or kernel starts anew.</summary>
    public Action? Restarted { get; init; }

    /// <summary>
    /// Whether the machine may be kept or copied soon. Then, once it has run for a second, what the runtime has to load and compile for that is got ready in the background, once in a process: a program that
    /// never does it saves some tens of milliseconds of a processor. Without it the first time takes them.
    /// </summary>
    public bool ExpectsSnapshots { get; init; } = true;

    /// <summary>Whether generated code is named in <c>/tmp/perf-PID.map</c>, for the host's profiler.</summary>
    public bool PerfMap { get; init; }

    /// <summary>Takes one line of trace, without line end. Called from any thread, one call at a time; must be quick.</summary>
    public Action<string>? TraceLine { get; init; }

    /// <summary>Takes something that a user should know although nothing failed; rate-limited. Called from any thread, one call at a time.</summary>
    public Action<string>? Warning { get; init; }
}
