using System.Diagnostics;
using System.Globalization;

namespace Doppel.Images.Disks;

/// <summary>What a guest says while it builds something: a file of lines, each with the seconds since it began. Thread-safe.</summary>
internal sealed class BuildLog(string path) : IDisposable
{
    /// <summary>More than any build says; what comes after it is dropped.</summary>
    private const long Limit = 16 << 20;

    private readonly StreamWriter _file = new(path, append: false) { AutoFlush = true };
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _written;

    internal void Write(string line)
    {
        lock (_file)
        {
            if (_written > Limit) return;
            _written += line.Length;
            _file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(_started).TotalSeconds,8:0.00}] {line}"));
        }
    }

    public void Dispose() => _file.Dispose();
}
