namespace Doppel.Machine.Agent;

/// <summary>What is to be run in a guest.</summary>
/// <param name="Arguments">The program, found by <c>PATH</c>, and its arguments.</param>
public sealed record GuestCommand(IReadOnlyList<string> Arguments)
{
    /// <summary>Variables, each <c>NAME=VALUE</c>, besides those that a command has anyway.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Where it starts; null is the home of its user.</summary>
    public string? Directory { get; init; }

    /// <summary>Who it is; null is the user of the agent, root as a rule.</summary>
    public string? User { get; init; }
}

/// <summary>What a command in a guest is connected to.</summary>
/// <param name="Output">Takes its standard output, as it comes.</param>
/// <param name="Error">Takes its standard error.</param>
public sealed record GuestStreams(Stream Output, Stream Error)
{
    /// <summary>Its standard input, to its end; null for none.</summary>
    public Stream? Input { get; init; }

    /// <summary>Signals to pass on, by their names without SIG, as they come.</summary>
    public IAsyncEnumerable<string>? Signals { get; init; }
}
