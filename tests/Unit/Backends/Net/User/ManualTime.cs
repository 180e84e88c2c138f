namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>Time that goes on only when a test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (_lock) _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            Volatile.Write(ref _ticks, _ticks + time.Ticks);
            due = [.. _timers.Where(t => t.Due <= _ticks)];
            foreach (ManualTimer timer in due) timer.Due = long.MaxValue;
        }

        foreach (ManualTimer timer in due) timer.Call();
    }

    private sealed class ManualTimer(ManualTime time, Action call) : ITimer
    {
        public long Due { get; set; } = long.MaxValue;

        public void Call() => call();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool now;
            lock (time._lock)
            {
                Due = dueTime < TimeSpan.Zero ? long.MaxValue : time.GetTimestamp() + dueTime.Ticks;
                now = Due <= time.GetTimestamp();
                if (now) Due = long.MaxValue;
            }

            if (now) Call();
            return true;
        }

        public void Dispose()
        {
            lock (time._lock) time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
