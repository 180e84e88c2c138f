using System.Globalization;
using Doppel.Cli.Parsing;
using Doppel.Images.Store;

namespace Doppel.Cli.Output;

/// <summary>A pull's progress on standard error: one line that is drawn over on a terminal, a new line every ten seconds elsewhere.</summary>
internal sealed class PullProgressLine(CommandContext context, TimeProvider time) : IProgress<PullProgress>, IDisposable
{
    private const int BarWidth = 16;

    /// <summary>What fits on any terminal without wrapping.</summary>
    private const int Width = 79;
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();
    private long? _shownAt;
    private PullStep? _step;
    private string _subject = "";
    private int _drawn;

    public void Report(PullProgress value)
    {
        lock (_lock)
        {
            if (value.Step == PullStep.Warning)
            {
                Erase();
                context.Error.WriteLine($"doppel: warning: {value.Subject}");
                return;
            }

            bool news = value.Step != _step || value.Subject != _subject;
            TimeSpan pause = context.ErrorIsTerminal ? Redraw : Repeat;
            // Elsewhere than on a terminal each thing is worth a line when it begins, and one every ten seconds while it lasts.
            if (_shownAt is { } at && time.GetElapsedTime(at) < pause && !(news && !context.ErrorIsTerminal)) return;
            (_step, _subject, _shownAt) = (value.Step, value.Subject, time.GetTimestamp());
            if (context.ErrorIsTerminal) Draw(value);
            else context.Error.WriteLine($"doppel: {Text(value)}");
        }
    }

    /// <summary>Says that it went well, if there was anything to be seen of it.</summary>
    public void Ready()
    {
        lock (_lock)
        {
            Erase();
            if (_shownAt is not null) context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"doppel: the guest is ready after {time.GetElapsedTime(_started).TotalSeconds:0.0} s"));
        }
    }

    /// <summary>Leaves a clean line behind.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Erase();
            context.Error.Flush();
        }
    }

    private void Draw(PullProgress value)
    {
        string text = value.Total is > 0 and { } total ? $"{Bar((double)value.Done / total)} {Text(value)}" : Text(value);
        if (text.Length > Width) text = text[..Width];
        context.Error.Write($"\r{text.PadRight(_drawn)}");
        context.Error.Flush();
        _drawn = text.Length;
    }

    private void Erase()
    {
        if (_drawn > 0) context.Error.Write($"\r{new string(' ', _drawn)}\r");
        _drawn = 0;
    }

    private static string Bar(double part)
    {
        int full = (int)(Math.Clamp(part, 0, 1) * BarWidth);
        return $"[{new string('#', full)}{new string('.', BarWidth - full)}]";
    }

    private static string Text(PullProgress value)
    {
        string verb = value.Step switch
        {
            PullStep.Waiting => "waiting: ",
            PullStep.Download => "downloading ",
            PullStep.Unpack => "unpacking ",
            _ => "",
        };
        if (value.Total is not > 0) return verb + value.Subject;
        if (value.Step == PullStep.Install) return string.Create(CultureInfo.InvariantCulture, $"{value.Subject}: {value.Done} of {value.Total}");
        if (value.Done * 100 < value.Total) return $"{verb}{value.Subject}, {MemorySize.Format(value.Total.Value)}";
        int percent = (int)(100 * Math.Clamp((double)value.Done / value.Total.Value, 0, 1));
        return string.Create(CultureInfo.InvariantCulture, $"{verb}{value.Subject}: {MemorySize.Format(value.Done)} of {MemorySize.Format(value.Total.Value)}, {percent} %");
    }
}
