namespace Doppel.Cli.Run;

/// <summary>The byte channels between a command in the guest and us; docs/guest.md describes the agreement.</summary>
internal static class CommandPorts
{
    public const string Input = "doppel.stdin";
    public const string Output = "doppel.stdout";
    public const string Error = "doppel.stderr";

    /// <summary>Carries the exit code, in decimal, on one line.</summary>
    public const string Control = "doppel.control";

    public static IReadOnlyList<string> Names { get; } = [Input, Output, Error, Control];
}
