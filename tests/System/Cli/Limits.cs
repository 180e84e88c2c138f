namespace Doppel.Tests.System.Cli;

/// <summary>How long things may take before a test gives up: generous, because a slow host is no failure.</summary>
internal static class Limits
{
    /// <summary>A command line that boots nothing.</summary>
    public static readonly TimeSpan Command = TimeSpan.FromSeconds(60);

    /// <summary>A boot of the default guest, one command in it, power-off.</summary>
    public static readonly TimeSpan Boot = TimeSpan.FromMinutes(3);
}
