using Doppel.Core.Metrics;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;

namespace Doppel.Core.Clock;

/// <summary>
/// Guest time that is made of guest instructions: each that a processor executes takes a nanosecond. Nothing else makes it go on but <see cref="JumpToAlarm"/>, so that the same
/// instructions always see the same time. One thread runs all processors of the machine and serves the alarms between their instructions.
/// </summary>
/// <param name="startUnixNanoseconds">The guest's wall clock when the machine is first switched on.</param>
/// <param name="trace">Hears of alarms that failed.</param>
public sealed class VirtualClock(long startUnixNanoseconds, ITrace? trace = null) : IMachineClock
{
    private const long Idle = long.MaxValue;
    private readonly Lock _lock = new();
    private readonly List<Alarm> _armed = [];
    private readonly ITrace _trace = trace ?? NoTrace.Instance;
    private long _start = startUnixNanoseconds;
    private long _base;
    private IVcpu? _running;
    private ulong _began;
    private long _limit = Idle;
    private int _thread;

    /// <summary>Raised, on any thread, when an alarm has been set for a time before the end of the present turn, which must then be ended and a new one begun; and when there is no turn.</summary>
    public event Action? Hurried;

    public Counter AlarmFaults { get; } = new();

    /// <summary>On the thread that runs the processors, exact at every instruction; on others, the time at which the present turn began.</summary>
    public long Nanoseconds
    {
        get
        {
            long start = Volatile.Read(ref _base);
            return _running is { } vcpu && Environment.CurrentManagedThreadId == _thread ? start + (long)(vcpu.InstructionsExecuted - _began) : start;
        }
    }

    public long UnixNanoseconds => _start + Nanoseconds;

    private long NextDeadline => _armed.Count == 0 ? Idle : _armed.Min(a => a.Deadline);

    /// <summary>From now on a processor's instructions are the time. On the thread that runs it.</summary>
    /// <param name="most">How many it will execute at most.</param>
    /// <returns>How many it may execute: not more than there are until the next alarm.</returns>
    public long BeginTurn(IVcpu vcpu, long most)
    {
        lock (_lock)
        {
            long budget = NextDeadline is var next && next == Idle ? most : Math.Min(most, Math.Max(0, next - _base));
            _thread = Environment.CurrentManagedThreadId;
            _began = vcpu.InstructionsExecuted;
            _limit = budget > Idle - _base ? Idle : _base + budget;
            _running = vcpu;
            return budget;
        }
    }

    /// <summary>The processor does not execute instructions any more.</summary>
    /// <returns>How many it has executed.</returns>
    public long EndTurn()
    {
        lock (_lock)
        {
            long used = (long)(_running!.InstructionsExecuted - _began);
            _running = null;
            _limit = Idle;
            Volatile.Write(ref _base, _base + used);
            return used;
        }
    }

    /// <summary>Goes to the time of the next alarm: all processors wait.</summary>
    /// <returns>False if there is no alarm.</returns>
    public bool JumpToAlarm()
    {
        lock (_lock)
        {
            long next = NextDeadline;
            if (next == Idle) return false;
            Volatile.Write(ref _base, Math.Max(_base, next));
            return true;
        }
    }

    /// <summary>Calls all alarms that are due, the earliest first, of equal ones that which was set first. Between two turns.</summary>
    /// <returns>Whether there were any.</returns>
    public bool ServeDue()
    {
        bool any = false;
        while (TakeDue() is { } alarm)
        {
            any = true;
            Call(alarm);
        }

        return any;
    }

    public void Resume()
    {
    }

    public void Pause()
    {
    }

    /// <summary>The wall clock keeps its distance to the time.</summary>
    public void SetTo(long nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nanoseconds);
        lock (_lock)
        {
            if (_running is not null) throw new InvalidOperationException("The clock is running.");
            Volatile.Write(ref _base, nanoseconds);
        }
    }

    public IVmAlarm CreateAlarm(Action due) => new Alarm(this, due);

    public void Dispose()
    {
        lock (_lock) _armed.Clear();
    }

    private Alarm? TakeDue()
    {
        lock (_lock)
        {
            if (_armed.MinBy(a => a.Deadline) is not { } next || next.Deadline > _base) return null;
            _armed.Remove(next);
            next.Deadline = Idle;
            return next;
        }
    }

    private void Schedule(Alarm alarm, long deadline)
    {
        lock (_lock)
        {
            if (alarm.Deadline != Idle) _armed.Remove(alarm);
            alarm.Deadline = deadline;
            if (deadline == Idle) return;
            _armed.Add(alarm);
            if (deadline >= _limit) return;
        }

        Hurried?.Invoke();
    }

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

    private sealed class Alarm(VirtualClock clock, Action due) : IVmAlarm
    {
        public long Deadline { get; set; } = Idle;

        public Action Due { get; } = due;

        public void Set(long nanoseconds) => clock.Schedule(this, Math.Max(0, nanoseconds));

        public void Cancel() => clock.Schedule(this, Idle);

        public void Dispose() => Cancel();
    }
}
