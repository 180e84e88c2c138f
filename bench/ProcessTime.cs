using System.Diagnostics;
using System.Globalization;

namespace Doppel.Bench;

/// <summary>The processor time of a process, to the nanosecond where the kernel has it, else to its tick.</summary>
internal sealed class ProcessTime
{
    private readonly Dictionary<string, long> _nanoseconds = [];
    private readonly TimeSpan _coarse;

    private ProcessTime(Process process)
    {
        _coarse = process.TotalProcessorTime;
        try
        {
            foreach (string thread in Directory.EnumerateDirectories($"/proc/{process.Id}/task"))
            {
                // Time on a processor, time waiting for one, number of turns.
                string[] fields = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
                _nanoseconds[thread] = long.Parse(fields[0], CultureInfo.InvariantCulture);
            }
        }
        catch (IOException)
        {
            // A thread that has just ended, or a kernel without these figures: the coarse time will do.
            _nanoseconds.Clear();
        }
    }

    public static ProcessTime Of(Process process)
    {
        process.Refresh();
        return new ProcessTime(process);
    }

    /// <summary>What the process has used since an earlier moment. Threads that have ended since do not count.</summary>
    public TimeSpan Since(ProcessTime before)
    {
        if (_nanoseconds.Count == 0 || before._nanoseconds.Count == 0) return _coarse - before._coarse;
        return TimeSpan.FromMicroseconds(_nanoseconds.Sum(t => t.Value - before._nanoseconds.GetValueOrDefault(t.Key)) / 1000.0);
    }
}
