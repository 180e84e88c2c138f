using Doppel.Core.Interrupts;

namespace Doppel.Tests.Unit.Doubles;

/// <summary>A wire that a test looks at.</summary>
internal sealed class RecordingLine : IInterruptLine
{
    private volatile bool _level;
    private int _rises;

    public bool Level => _level;

    /// <summary>How often it went from low to high.</summary>
    public int Rises => Volatile.Read(ref _rises);

    public void Set(bool level)
    {
        if (level && !_level) Interlocked.Increment(ref _rises);
        _level = level;
    }
}
