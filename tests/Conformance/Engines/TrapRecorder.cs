using Doppel.Core.Trace;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Keeps what harts report of the traps that they take: number, address, value and mode.</summary>
internal sealed class TrapRecorder(bool enabled) : ITrace
{
    private const int Limit = 1_000_000;
    private readonly Lock _lock = new();
    private readonly List<string> _traps = [];

    /// <summary>In the order in which they were taken.</summary>
    public IReadOnlyList<string> Traps
    {
        get
        {
            lock (_lock) return [.. _traps];
        }
    }

    /// <summary>Forgets them.</summary>
    public void Clear()
    {
        lock (_lock) _traps.Clear();
    }

    public bool Enabled(TraceCategory category) => enabled && category == TraceCategory.Irq;

    public void Write(TraceCategory category, string text)
    {
        lock (_lock)
        {
            if (_traps.Count < Limit) _traps.Add(text);
        }
    }

    public void Warn(string text)
    {
    }
}
