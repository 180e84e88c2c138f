namespace Doppel.Machine.Portable;

/// <summary>How a saved machine is loaded.</summary>
public sealed record MachineLoad
{
    /// <summary>What to call it; null: as it was called.</summary>
    public string? Name { get; init; }

    /// <summary>Asked if the file is encrypted.</summary>
    public Func<string> Passphrase { get; init; } = () => throw new Core.Errors.DoppelException(Core.Errors.ErrorKind.Denied, "the file is encrypted", "give its passphrase");

    /// <summary>Whether it waits to be resumed when it is started, although it was running.</summary>
    public bool Paused { get; init; }

    /// <summary>
    /// Whether its networks may reach what they could before: ports of the host lead to the machine, it reaches the host's loopback and destinations that were opened. Else it has what
    /// every new network has, since the file may be a stranger's.
    /// </summary>
    public bool KeepNetwork { get; init; }

    /// <summary>Told of what was taken from the machine, a line at a time.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>What runs it; null: as before.</summary>
    public EngineKind? Engine { get; init; }
}
