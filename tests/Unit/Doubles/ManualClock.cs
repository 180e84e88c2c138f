using Doppel.Core.Clock;

namespace Doppel.Tests.Unit.Doubles;

/// <summary>A clock that moves only when the test says so, and calls what is due on the test's thread.</summary>
internal sealed class ManualClock : IVmClock
{
    private readonly List<Alarm> _alarms = [];

    public long Nanoseconds { get; private set; }

    public long UnixAtZero { get; init; } = 1_700_000_000_000_000_000;

    public long UnixNanoseconds => UnixAtZero + Nanoseconds;

    /// <summary>Alarms that are set.</summary>
    public int Armed => _alarms.Count(a => a.Deadline is not null);

    public IVmAlarm CreateAlarm(Action due)
    {
        var alarm = new Alarm(due);
        _alarms.Add(alarm);
        return alarm;
    }

    /// <summary>Lets time pass, alarms in order; then calls what was set to a time that had passed.</summary>
    public void Advance(long nanoseconds)
    {
        long end = Nanoseconds + nanoseconds;
        while (_alarms.Where(a => a.Deadline <= end).MinBy(a => a.Deadline) is { } next)
        {
            Nanoseconds = Math.Max(Nanoseconds, next.Deadline!.Value);
            next.Deadline = null;
            next.Due();
        }

        Nanoseconds = end;
    }

    private sealed class Alarm(Action due) : IVmAlarm
    {
        public long? Deadline { get; set; }

        public Action Due { get; } = due;

        public void Set(long nanoseconds) => Deadline = nanoseconds;

        public void Cancel() => Deadline = null;

        public void Dispose() => Cancel();
    }
}
