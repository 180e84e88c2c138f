using System.Diagnostics;
using Doppel.Core.Trace;

namespace Doppel.Machine.Lifecycle;

/// <summary>Gives trace lines and warnings to the host, one at a time; warnings no faster than a person can read.</summary>
internal sealed class MachineTrace(TraceCategory enabled, Action<string>? line, Action<string>? warning) : ITrace
{
    private const int WarningsPerPeriod = 10;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private readonly TraceCategory _enabled = line is null ? TraceCategory.None : enabled;
    private long _periodStart = long.MinValue;
    private int _given;
    private int _dropped;

    public bool Enabled(TraceCategory category) => (_enabled & category) != 0;

    public void Write(TraceCategory category, string text)
    {
        if (!Enabled(category)) return;
        lock (_lock) line!($"{category.ToString().ToLowerInvariant()}: {text}");
    }

    public void Warn(string text)
    {
        if (warning is null) return;
        lock (_lock)
        {
            long now = Stopwatch.GetTimestamp();
            if (_periodStart == long.MinValue || Stopwatch.GetElapsedTime(_periodStart, now) > Period)
            {
                if (_dropped > 0) warning($"{_dropped} more warnings like these were dropped");
                _periodStart = now;
                _given = _dropped = 0;
            }

            if (_given++ < WarningsPerPeriod) warning(text);
            else _dropped++;
        }
    }
}
