using System.Diagnostics;
using Doppel.Host.Threading;

namespace Doppel.Core.Clock;

/// <summary>Guest time that runs with the host's monotonic clock while the machine runs. One thread serves all alarms.</summary>
public sealed class RealClock : IVmClock, IDisposable
{
    private const long Idle = long.MaxValue;
    private readonly Lock _lock = new();
    private readonly List<Alarm> _armed = [];
    private readonly TimedGate _gate = new();
    private readonly Thread _thread;
    private readonly long _unixAtZero;
    private long _sleepingUntil = Idle;
    private long _offset;
    private long _frozenAt;
    private bool _running;
    private bool _stopping;

    /// <summary>Makes a clock at 0 that stands still until <see cref="Resume"/>.</summary>
    public RealClock()
    {
        _unixAtZero = DateTimeOffset.UtcNow.Subtract(DateTimeOffset.UnixEpoch).Ticks * 100;
        _thread = new Thread(Serve) { IsBackground = true, Name = "doppel-clock" };
        _thread.Start();
    }

    public long Nanoseconds => Volatile.Read(ref _running) ? HostNanoseconds() + Volatile.Read(ref _offset) : Volatile.Read(ref _frozenAt);

    public long UnixNanoseconds => _unixAtZero + Nanoseconds;

    /// <summary>Lets time run on from where it stands.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            if (_running) return;
            Volatile.Write(ref _offset, _frozenAt - HostNanoseconds());
            Volatile.Write(ref _running, true);
        }

        _gate.Open();
    }

    /// <summary>Stops time.</summary>
    public void Pause()
    {
        lock (_lock)
        {
            if (!_running) return;
            Volatile.Write(ref _frozenAt, Nanoseconds);
            Volatile.Write(ref _running, false);
        }
    }

    /// <summary>Sets the time while it stands still, for a restored machine.</summary>
    public void SetTo(long nanoseconds)
    {
        lock (_lock)
        {
            if (_running) throw new InvalidOperationException("The clock is running.");
            Volatile.Write(ref _frozenAt, nanoseconds);
        }
    }

    public IVmAlarm CreateAlarm(Action due) => new Alarm(this, due);

    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopping) return;
            _stopping = true;
        }

        _gate.Open();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _gate.Dispose();
    }

    private static long HostNanoseconds()
    {
        // Stopwatch ticks are nanoseconds on Unix; 128-bit arithmetic keeps other frequencies exact.
        long ticks = Stopwatch.GetTimestamp();
        return Stopwatch.Frequency == 1_000_000_000 ? ticks : (long)((Int128)ticks * 1_000_000_000 / Stopwatch.Frequency);
    }

    private void Schedule(Alarm alarm, long deadline)
    {
        bool wake;
        lock (_lock)
        {
            if (alarm.Deadline != Idle) _armed.Remove(alarm);
            alarm.Deadline = deadline;
            if (deadline == Idle || _stopping) return;
            _armed.Add(alarm);
            wake = deadline < _sleepingUntil;
        }

        if (wake) _gate.Open();
    }

    /// <summary>The clock's thread: sleep until the earliest deadline, call what is due.</summary>
    private void Serve()
    {
        while (true)
        {
            Alarm? due = null;
            long wait = -1;
            lock (_lock)
            {
                if (_stopping) return;
                _sleepingUntil = Idle;
                if (_running && _armed.MinBy(a => a.Deadline) is { } next)
                {
                    long left = next.Deadline - Nanoseconds;
                    if (left <= 0)
                    {
                        _armed.Remove(next);
                        due = next;
                        due.Deadline = Idle;
                    }
                    else
                    {
                        wait = left;
                        _sleepingUntil = next.Deadline;
                    }
                }
            }

            if (due is not null) due.Due();
            else _gate.Wait(wait);
        }
    }

    private sealed class Alarm(RealClock clock, Action due) : IVmAlarm
    {
        public long Deadline { get; set; } = Idle;

        public Action Due { get; } = due;

        public void Set(long nanoseconds) => clock.Schedule(this, Math.Max(0, nanoseconds));

        public void Cancel() => clock.Schedule(this, Idle);

        public void Dispose() => Cancel();
    }
}
