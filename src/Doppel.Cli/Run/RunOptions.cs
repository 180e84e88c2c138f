using Doppel.Backends.Console;
using Doppel.Cli.Parsing;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>What a <c>doppel run</c> command line says, parsed but not yet looked at: no file has been opened.</summary>
internal sealed record RunOptions
{
    public string? Image { get; init; }

    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    public string? Bios { get; init; }

    /// <summary>A file with user data for the guest; null for none.</summary>
    public string? CloudInit { get; init; }

    /// <summary>The kernel's command line; for a guest of ours, what is added to its own.</summary>
    public string? Append { get; init; }

    public int Cpus { get; init; } = 1;

    /// <summary>Null for what the guest needs, and <see cref="GuestMemory.Default"/> at least.</summary>
    public ulong? MemoryBytes { get; init; }

    public IReadOnlyList<DiskConfig> Disks { get; init; } = [];

    /// <summary>Null is the default: a user-mode network, but for bare-metal programs and under the virtual clock, where runs repeat.</summary>
    public IReadOnlyList<NetworkConfig>? Networks { get; init; }

    /// <summary>Ports of the host that lead to the guest.</summary>
    public IReadOnlyList<string> Forwards { get; init; } = [];

    /// <summary>The networks with the default and the forwards, which the first user-mode network has.</summary>
    public IReadOnlyList<NetworkConfig> AllNetworks
    {
        get
        {
            List<NetworkConfig> all = Networks is { } named ? [.. named] : Clock == ClockKind.Virtual || (Kernel is null && Bios is not null) ? [] : [new NetworkConfig { Kind = NetworkKind.User }];
            int first = all.FindIndex(n => n.Kind == NetworkKind.User);
            if (first >= 0 && Forwards.Count > 0) all[first] = all[first] with { User = (all[first].User ?? new UserNetworkSettings()) with { Forwards = Forwards } };
            return all;
        }
    }

    public EngineKind Engine { get; init; }

    /// <summary>Null is the translator's own choice.</summary>
    public ulong? CodeCacheBytes { get; init; }

    public ClockKind Clock { get; init; }

    /// <summary>Null is the machine's own choice.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Null is the machine's own choice.</summary>
    public DateTimeOffset? StartTime { get; init; }

    public PagingMode Paging { get; init; } = PagingMode.Sv57;

    public TraceSpec? Trace { get; init; }

    /// <summary>Debian packages to add to the default guest.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];

    /// <summary>Where the keyboard goes; null is for the guest to say.</summary>
    public ConsoleRoute? Console { get; init; }

    public IReadOnlyList<string> DeviceTreeChanges { get; init; } = [];

    public bool NoReboot { get; init; }

    public bool Stats { get; init; }

    /// <summary>Whether generated code is named for the host's profiler.</summary>
    public bool PerfMap { get; init; }

    public bool Verbose { get; init; }

    /// <summary>Null means no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The command to run in the guest; null for an interactive console.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Whether <see cref="Command"/> is the guest's shell, which reads our standard input.</summary>
    public bool IsScript { get; init; }

    /// <summary>
    /// As these, or for an own guest without a terminal a shell that reads standard input as a script: what is typed into a terminal before the guest has
    /// opened it gets lost. Naming a console asks for the terminal all the same.
    /// </summary>
    public RunOptions ForInput(bool isTerminal) => Command is null && IsOwnGuest && !isTerminal && Console is null ? this with { Command = ["sh"], IsScript = true } : this;

    /// <summary>Whether the guest is ours, and so knows how to run a command.</summary>
    public bool IsOwnGuest => Kernel is null && Bios is null;
}
