using System.Diagnostics;
using Doppel.Core.Metrics;
using Doppel.Core.Trace;
using Doppel.Host.Threading;

namespace Doppel.Core.Clock;

/// <summary>Guest time that runs with the host's monotonic clock while the machine runs. One thread serves all alarms.</summary>
public sealed class RealClock : IMachineClock
{
    private const long Idle = long.MaxValue;
    private readonly object _lock = new();
    private readonly List<Alarm> _armed = [];
    private readonly WakeTimer _timer = new();
    private readonly Thread _thread;
    private readonly ITrace _trace;
    private long _unixAtZero;
    private long _version;

    // The deadline that the timer was set for last.
    private long _setFor = Idle;
    private long _offset;
    private long _frozenAt;
    private bool _begun;
    private bool _running;
    private bool _calling;
    private bool _stopping;

    /// <summary>Makes a clock at 0 that stands still until <see cref="Resume"/>.</summary>
    /// <param name="trace">Hears of alarms that failed.</param>
    public RealClock(ITrace? trace = null)
    {
        _trace = trace ?? NoTrace.Instance;
        _unixAtZero = HostUnixNanoseconds();
        _thread = new Thread(Serve) { IsBackground = true, Name = "doppel-clock" };
    }

    public Counter AlarmFaults { get; } = new();

    public long Nanoseconds
    {
        get
        {
            // Without a lock, because every vCPU asks often. The version is odd while the fields change, and another one afterwards: what was read across
            // a change is read again, or a pause between two of the reads would let time go back.
            while (true)
            {
                long version = Volatile.Read(ref _version);
                long now = Volatile.Read(ref _running) ? Volatile.Read(ref _offset) + HostNanoseconds() : Volatile.Read(ref _frozenAt);
                if ((version & 1) == 0 && Volatile.Read(ref _version) == version) return now;
                Thread.SpinWait(1);
            }
        }
    }

    public long UnixNanoseconds => Volatile.Read(ref _unixAtZero) + Nanoseconds;

    /// <summary>Has the clock's thread made, which <see cref="Resume"/> would have to wait for. Without effect if that has been done.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            if (_begun || _stopping) return;
            _begun = true;
            _thread.Start();
        }
    }

    public void Resume()
    {
        Begin();
        lock (_lock)
        {
            if (_running || _stopping) return;
            Interlocked.Increment(ref _version);
            Volatile.Write(ref _offset, _frozenAt - HostNanoseconds());
            Volatile.Write(ref _running, true);
            Interlocked.Increment(ref _version);
            SetTimer();
        }
    }

    public void Pause()
    {
        lock (_lock)
        {
            if (_running)
            {
                Interlocked.Increment(ref _version);
                Volatile.Write(ref _frozenAt, HostNanoseconds() + _offset);
                Volatile.Write(ref _running, false);
                Interlocked.Increment(ref _version);
            }

            while (_calling && Thread.CurrentThread != _thread) Monitor.Wait(_lock);
        }
    }

    /// <summary>The wall clock stays the host's.</summary>
    public void SetTo(long nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nanoseconds);
        lock (_lock)
        {
            if (_running) throw new InvalidOperationException("The clock is running.");
            Volatile.Write(ref _unixAtZero, HostUnixNanoseconds() - nanoseconds);
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
            _timer.Set(0);
        }

        if (_begun && Thread.CurrentThread != _thread) _thread.Join();
        _timer.Dispose();
    }

    private static long HostUnixNanoseconds() => DateTimeOffset.UtcNow.Subtract(DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private static long HostNanoseconds()
    {
        // Stopwatch ticks are nanoseconds on Unix; 128-bit arithmetic keeps other frequencies exact.
        long ticks = Stopwatch.GetTimestamp();
        return Stopwatch.Frequency == 1_000_000_000 ? ticks : (long)((Int128)ticks * 1_000_000_000 / Stopwatch.Frequency);
    }

    private void Schedule(Alarm alarm, long deadline)
    {
        lock (_lock)
        {
            if (alarm.Deadline != Idle) _armed.Remove(alarm);
            alarm.Deadline = deadline;
            if (_stopping) return;
            if (deadline != Idle) _armed.Add(alarm);
            if (Earliest() != _setFor) SetTimer();
        }
    }

    private long Earliest() => _running && _armed.Count > 0 ? _armed.Min(a => a.Deadline) : Idle;

    private void SetTimer()
    {
        _setFor = Earliest();
        _timer.Set(_setFor == Idle ? -1 : Math.Max(0, _setFor - Nanoseconds));
    }

    /// <summary>The clock's thread: sleep until the earliest deadline, call what is due. A guest sets its timer several times before it rests: that must not wake anybody.</summary>
    private void Serve()
    {
        ThreadShare.BeQuick();
        while (true)
        {
            Alarm? due = null;
            lock (_lock)
            {
                if (_stopping) return;
                if (_running && _armed.MinBy(a => a.Deadline) is { } next && next.Deadline <= Nanoseconds)
                {
                    _armed.Remove(next);
                    due = next;
                    due.Deadline = Idle;
                    _calling = true;
                }
                else
                {
                    SetTimer();
                }
            }

            if (due is null)
            {
                _timer.Wait();
                continue;
            }

            Call(due);
            lock (_lock)
            {
                _calling = false;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>As the bus isolates a device, so does the clock: the machine goes on, the count and the trace tell.</summary>
    private void Call(Alarm alarm)
    {
        try
        {
            alarm.Due();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            AlarmFaults.Increment();
            _trace.Warn($"an alarm failed: {exception}");
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
