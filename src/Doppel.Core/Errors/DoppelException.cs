namespace Doppel.Core.Errors;

/// <summary>What kind of thing went wrong; the value is the command's exit code.</summary>
public enum ErrorKind
{
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    WrongState = 4,
    Denied = 5,
    TimedOut = 6,
    Unreachable = 7,
    InsufficientResources = 8,
    Corrupt = 9,
}

/// <summary>
/// The host or the user did something that cannot work: the one exception of the public API for that. Never thrown for what a guest does.
/// </summary>
/// <param name="kind">What kind, and so the command's exit code.</param>
/// <param name="message">Names the thing and says why, on one line per problem, without a final full stop.</param>
/// <param name="hint">What to do about it; shown after <c>try:</c>.</param>
public sealed class DoppelException(ErrorKind kind, string message, string? hint = null, Exception? inner = null) : Exception(message, inner)
{
    public ErrorKind Kind { get; } = kind;

    public string? Hint { get; } = hint;
}
