using System.Globalization;

namespace Doppel.Cli.Output;

/// <summary>The progress of one piece of work on standard error: one line that is drawn over on a terminal, a new line every ten seconds elsewhere.</summary>
internal sealed class WorkProgressLine(CommandContext context, string what, TimeProvider time) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private long _shownAt = time.GetTimestamp();
    private int _drawn;

    /// <param name="value">From 0 to 1.</param>
    public void Report(double value)
    {
        lock (_lock)
        {
            // What is done at once is not worth a line.
            if (time.GetElapsedTime(_shownAt) < (context.ErrorIsTerminal ? Redraw : Repeat)) return;
            _shownAt = time.GetTimestamp();
            string text = string.Create(CultureInfo.InvariantCulture, $"{what}: {(int)(100 * Math.Clamp(value, 0, 1))} %");
            if (context.ErrorIsTerminal) context.Error.Write($"\r{text.PadRight(_drawn)}");
            else context.Error.WriteLine($"doppel: {text}");
            _drawn = text.Length;
            context.Error.Flush();
        }
    }

    /// <summary>Leaves a clean line behind.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_drawn > 0 && context.ErrorIsTerminal) context.Error.Write($"\r{new string(' ', _drawn)}\r");
            context.Error.Flush();
        }
    }
}
