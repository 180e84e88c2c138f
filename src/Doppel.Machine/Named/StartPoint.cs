namespace Doppel.Machine.Named;

/// <summary>Where a run of a named machine begins.</summary>
public sealed record StartPoint
{
    /// <summary>The snapshot on which it goes on; null: it boots.</summary>
    public string? Snapshot { get; init; }

    /// <summary>The folder of the fork from which it goes on, as a child; null: none.</summary>
    public string? Fork { get; init; }

    /// <summary>Whether it waits to be resumed.</summary>
    public bool Paused { get; init; }
}
