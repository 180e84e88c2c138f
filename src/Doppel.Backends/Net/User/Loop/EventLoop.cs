using System.Collections.Concurrent;

namespace Doppel.Backends.Net.User.Loop;

/// <summary>
/// The one thread on which everything of a gateway happens, so that its tables need no locks. It sleeps until it is signalled or a deadline is due; time is the
/// <see cref="TimeProvider"/>'s, so that tests run through hours.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Func<bool> _turn;
    private readonly Func<long> _nextDeadline;
    private readonly Action<Exception> _failed;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly object _gate = new();
    private readonly ITimer _timer;
    private readonly Thread _thread;
    private bool _signalled;
    private bool _sleeping;
    private volatile bool _timerDue;
    private volatile bool _ending;
    private long _armed = long.MaxValue;

    /// <param name="turn">Does what there is to do, not too much at a time; true if there is more.</param>
    /// <param name="nextDeadline">When it has to be called again at the latest, in <see cref="Now"/>'s terms.</param>
    /// <param name="failed">Takes what is thrown, which is a defect of ours; the loop goes on.</param>
    public EventLoop(string name, TimeProvider time, Func<bool> turn, Func<long> nextDeadline, Action<Exception> failed)
    {
        _time = time;
        _start = time.GetTimestamp();
        _turn = turn;
        _nextDeadline = nextDeadline;
        _failed = failed;
        _timer = time.CreateTimer(_ => TimerDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Milliseconds since the loop was made.</summary>
    public long Now => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    public void Start() => _thread.Start();

    /// <summary>There is something to do. Thread-safe, never blocks.</summary>
    public void Signal()
    {
        // What was queued before must be seen by a turn that begins after the flag is read.
        Thread.MemoryBarrier();
        if (Volatile.Read(ref _signalled)) return;
        lock (_gate)
        {
            _signalled = true;
            if (_sleeping) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Has it done on the loop's thread, in order. Nothing is done once the loop has ended. Thread-safe, never blocks.</summary>
    public void Post(Action work)
    {
        _posted.Enqueue(work);
        Signal();
    }

    /// <summary>Ends the thread after the turn that is under way.</summary>
    public void Dispose()
    {
        _ending = true;
        Signal();
        if (_thread.IsAlive && Thread.CurrentThread != _thread) _thread.Join();
        _timer.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            Volatile.Write(ref _signalled, false);
            Thread.MemoryBarrier();
            if (_ending) return;
            for (int i = _posted.Count; i > 0 && _posted.TryDequeue(out Action? work); i--) Guarded(work);
            if (Turn() || !_posted.IsEmpty) continue;
            Arm();
            lock (_gate)
            {
                _sleeping = true;
                while (!_signalled) Monitor.Wait(_gate);
                _sleeping = false;
            }
        }
    }

    private void TimerDue()
    {
        _timerDue = true;
        Signal();
    }

    private bool Turn()
    {
        try
        {
            return _turn();
        }
        catch (Exception exception)
        {
            _failed(exception);
            return true;
        }
    }

    private void Guarded(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            _failed(exception);
        }
    }

    /// <summary>A timer that is due too early costs one idle turn; one that is moved at each turn would cost more.</summary>
    private void Arm()
    {
        long deadline = _nextDeadline();
        long now = Now;
        if (_timerDue)
        {
            // It may have been due a moment too early, by its own clock.
            _timerDue = false;
            _armed = long.MaxValue;
        }

        if (deadline >= _armed) return;
        _armed = deadline;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(deadline - now, 0)), Timeout.InfiniteTimeSpan);
    }
}
