using Doppel.Core.Errors;

namespace Doppel.Cli;

/// <summary>An error as a user sees it: each problem on its line, then what to try. Never a stack trace, unless asked for.</summary>
internal sealed class ErrorReport(CommandContext context)
{
    /// <summary>As shells report a process that was interrupted.</summary>
    public const int Interrupted = 130;

    /// <returns>The exit code.</returns>
    public int Write(Exception exception)
    {
        (int code, string message, string? hint) = Describe(exception);
        foreach (string line in Lines(message)) context.Error.WriteLine($"doppel: {line}");
        foreach (string line in Lines(hint ?? "")) context.Error.WriteLine($"try: {line}");
        if (context.Debug) context.Error.WriteLine(exception);
        context.Error.Flush();
        return code;
    }

    private static (int Code, string Message, string? Hint) Describe(Exception exception) => exception switch
    {
        DoppelException known => ((int)known.Kind, known.Message, known.Hint),
        OperationCanceledException => (Interrupted, "interrupted", null),
        AggregateException { InnerExceptions: [var inner] } => Describe(inner),
        FileNotFoundException or DirectoryNotFoundException => ((int)ErrorKind.NotFound, exception.Message, null),
        UnauthorizedAccessException => ((int)ErrorKind.Denied, exception.Message, null),
        OutOfMemoryException => ((int)ErrorKind.InsufficientResources, $"out of memory: {exception.Message}", "less --memory, or another host"),
        IOException => ((int)ErrorKind.Failed, exception.Message, null),
        _ => ((int)ErrorKind.Failed, $"internal error: {exception.GetType().Name}: {exception.Message}", "DOPPEL_DEBUG=1 shows where; please report it"),
    };

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
