namespace Doppel.Machine.Guests;

/// <summary>The byte channels between a command in one of our guests and the host; docs/guest.md describes the agreement.</summary>
public static class CommandPorts
{
    public const string Input = "doppel.stdin";
    public const string Output = "doppel.stdout";
    public const string Error = "doppel.stderr";

    /// <summary>Carries the exit code, in decimal, on one line.</summary>
    public const string Control = "doppel.control";

    public static IReadOnlyList<string> Names { get; } = [Input, Output, Error, Control];
}
