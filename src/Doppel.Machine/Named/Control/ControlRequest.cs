using Doppel.Core.Errors;

namespace Doppel.Machine.Named.Control;

/// <summary>What can be asked of the process that runs a machine.</summary>
internal enum ControlVerb
{
    Status,
    Pause,
    Resume,
    Reset,

    /// <summary>Asks the guest to switch itself off.</summary>
    PowerButton,

    /// <summary>Pulls the plug.</summary>
    Kill,

    Statistics,

    /// <summary>Answers with what children are made from, which is there until the client ends the connection.</summary>
    Fork,

    /// <summary>Stores the machine's state under a name. Answers with progress first.</summary>
    Snapshot,

    /// <summary>Sets the machine back to a stored state.</summary>
    Restore,

    /// <summary>Answers when the machine has ended.</summary>
    Wait,

    /// <summary>The whole machine follows, as it is at this moment: <see cref="Portable.SaveLink"/>.</summary>
    Save,

    /// <summary>Which ports of the host lead to the guest.</summary>
    Forwards,

    AddForward,

    RemoveForward,

    /// <summary>Whether the guest takes connections on the port that <see cref="ControlRequest.Forward"/> leads to.</summary>
    Probe,

    /// <summary>A record of the frames of an adapter follows, as long as the client reads: <see cref="Networks.CaptureLink"/>.</summary>
    Capture,

    /// <summary>The connection leads to the guest's agent: <see cref="Agent.AgentLink"/>.</summary>
    Agent,

    /// <summary>The connection becomes the console: <see cref="ConsoleLink"/>.</summary>
    Console,
}

/// <summary>A line of JSON from the client.</summary>
/// <param name="Forward">For the verbs about one port forward.</param>
/// <param name="Snapshot">For the verbs about one snapshot.</param>
/// <param name="Comment">What is to be said of the snapshot.</param>
/// <param name="Adapter">For <see cref="ControlVerb.Capture"/>: which, from 0.</param>
internal sealed record ControlRequest(ControlVerb Verb, string? Forward = null, string? Snapshot = null, string? Comment = null, int Adapter = 0);

/// <summary>A line of JSON from the machine's process.</summary>
internal sealed record ControlReply
{
    public NamedState State { get; init; }

    public int ProcessId { get; init; }

    /// <summary>How the machine ended, for <see cref="ControlVerb.Wait"/>.</summary>
    public EndRecord? End { get; init; }

    public IReadOnlyDictionary<string, long>? Statistics { get; init; }

    /// <summary>Port forwards, as they are written.</summary>
    public IReadOnlyList<string>? Forwards { get; init; }

    /// <summary>For <see cref="ControlVerb.Probe"/>: whether it does.</summary>
    public bool? Taken { get; init; }

    /// <summary>Whether a program of the guest listens on <c>doppel.power</c>; null if it does not.</summary>
    public bool? HearsPower { get; init; }

    /// <summary>What children are made from, for <see cref="ControlVerb.Fork"/>: a folder.</summary>
    public string? Fork { get; init; }

    /// <summary>What is kept for the client until it ends the connection; not part of the message.</summary>
    public IDisposable? Kept { get; init; }

    /// <summary>From 0 to 1: the work goes on, and this is not the answer yet.</summary>
    public double? Progress { get; init; }

    /// <summary>What went wrong, with <see cref="Error"/> and <see cref="Hint"/>.</summary>
    public ErrorKind? Kind { get; init; }

    public string? Error { get; init; }

    public string? Hint { get; init; }
}
