using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Cli;

/// <summary>What a command touches of the process around it, so that tests can hand in their own.</summary>
internal sealed record CommandContext
{
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Data. Buffered until the command ends.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, messages and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input as bytes; opened by the commands that read it.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Standard output as bytes, for what a guest writes.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Standard error as bytes, for what a guest writes.</summary>
    public required Func<Stream> OpenError { get; init; }

    public required bool InputIsTerminal { get; init; }

    public required bool OutputIsTerminal { get; init; }

    public required bool ErrorIsTerminal { get; init; }

    /// <summary>An environment variable; null if it is not set or empty.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Whether the network may be asked how it does.</summary>
    public bool ProbesNetwork { get; init; } = true;

    /// <summary>Whether output to a terminal may have colours (<c>NO_COLOR</c> forbids them, whatever its value).</summary>
    public bool Colour => Variable("NO_COLOR") is null && Variable("TERM") != "dumb";

    /// <summary>Shows the stack trace of an error.</summary>
    public bool Debug => Variable("DOPPEL_DEBUG") is not null and not "0";

    /// <summary>A pipe that says so when nobody reads it any more, what the runtime's console streams keep to themselves. Null for terminals and files.</summary>
    private static FileStream? Unforgiving(int descriptor, bool isRedirected)
    {
        if (OperatingSystem.IsWindows() || !isRedirected) return null;
        var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // Files have one position for all who write to them; this stream would have its own.
        return stream.CanSeek ? null : stream;
    }

    public static CommandContext OfProcess() => new()
    {
        // Not Console.Out: the runtime would set up the terminal for its own use, which is ours or the guest's to do.
        Out = new StreamWriter(Console.OpenStandardOutput(), Encoding, 1 << 14),
        Error = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardError(), Encoding, 1 << 10) { AutoFlush = true }),
        OpenInput = Console.OpenStandardInput,
        OpenOutput = () => Unforgiving(1, Console.IsOutputRedirected) ?? Console.OpenStandardOutput(),
        OpenError = () => Unforgiving(2, Console.IsErrorRedirected) ?? Console.OpenStandardError(),
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Variable = name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
    };
}
