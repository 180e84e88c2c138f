using Doppel.Cli.Parsing;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>Which of the guest's consoles the keyboard goes to; output of both is shown.</summary>
internal enum KeyboardTarget
{
    /// <summary>The virtio console for guests that have their shell there, else the serial port.</summary>
    Auto,

    Serial,

    Virtio,
}

/// <summary>What a <c>doppel run</c> command line says, parsed but not yet looked at: no file has been opened.</summary>
internal sealed record RunOptions
{
    public string? Image { get; init; }

    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    public string? Bios { get; init; }

    /// <summary>Null keeps what the guest brings.</summary>
    public string? Append { get; init; }

    public int Cpus { get; init; } = 1;

    public ulong MemoryBytes { get; init; } = 512UL << 20;

    public IReadOnlyList<DiskConfig> Disks { get; init; } = [];

    public EngineKind Engine { get; init; }

    public PagingMode Paging { get; init; } = PagingMode.Sv57;

    public TraceSpec? Trace { get; init; }

    /// <summary>Debian packages to add to the default guest.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];

    public KeyboardTarget Console { get; init; }

    public IReadOnlyList<string> DeviceTreeChanges { get; init; } = [];

    public bool NoReboot { get; init; }

    public bool Verbose { get; init; }

    /// <summary>Null means no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The command to run in the guest; null for an interactive console.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Whether the guest is ours, and so knows how to run a command.</summary>
    public bool IsOwnGuest => Kernel is null && Bios is null;
}
