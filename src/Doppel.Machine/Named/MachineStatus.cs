namespace Doppel.Machine.Named;

/// <summary>What a named machine is, and what it was doing when it was looked at.</summary>
public sealed record MachineStatus
{
    public required string Name { get; init; }

    public NamedState State { get; init; } = NamedState.Created;

    /// <summary>Of the process that runs it; 0 if none does.</summary>
    public int ProcessId { get; init; }

    /// <summary>Which guest it was made from; null for files of the user's own.</summary>
    public string? Image { get; init; }

    /// <summary>The machine that it was forked from, as it was called then; null if none.</summary>
    public string? Parent { get; init; }

    public DateTimeOffset Created { get; init; }

    /// <summary>How and when its last run ended; null unless it is <see cref="NamedState.Stopped"/>.</summary>
    public VmExit? Exit { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public required VmConfig Config { get; init; }
}
