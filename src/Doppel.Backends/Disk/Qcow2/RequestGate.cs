namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Counts the requests under way. What they may still look at is not given away before they have ended (<see cref="TryBeginGrace"/>), and what must not run beside
/// them waits until they have (<see cref="Exclusive"/>). A request enters and leaves without a lock.
/// </summary>
internal sealed class RequestGate
{
    private readonly object _sync = new();
    private long _even;
    private long _odd;
    private int _phase;
    private bool _closed;
    private bool _inGrace;

    /// <returns>What <see cref="Exit"/> needs.</returns>
    public int Enter()
    {
        while (true)
        {
            if (Volatile.Read(ref _closed)) WaitUntilOpen();
            int phase = Volatile.Read(ref _phase);
            Interlocked.Increment(ref Count(phase));
            // Who was counted in a phase that had ended just then would not be waited for.
            if (!Volatile.Read(ref _closed) && Volatile.Read(ref _phase) == phase) return phase;
            Exit(phase);
        }
    }

    public void Exit(int phase)
    {
        if (Interlocked.Decrement(ref Count(phase)) > 0 || !Volatile.Read(ref _closed)) return;
        lock (_sync) Monitor.PulseAll(_sync);
    }

    /// <summary>Begins a time after which all requests of now have ended. Callers see to it that only one calls at a time.</summary>
    /// <returns>False if one is under way already and has not ended.</returns>
    public bool TryBeginGrace()
    {
        if (!TryEndGrace()) return false;
        // The other count was seen at zero when the last time ended.
        Interlocked.Exchange(ref _phase, _phase ^ 1);
        _inGrace = true;
        return true;
    }

    /// <summary>Whether the time that was begun last is over.</summary>
    public bool TryEndGrace()
    {
        if (!_inGrace) return true;
        if (Interlocked.Read(ref Count(_phase ^ 1)) != 0) return false;
        _inGrace = false;
        return true;
    }

    /// <summary>Runs something while no request does; requests that come meanwhile wait.</summary>
    public void Exclusive(Action action)
    {
        lock (_sync)
        {
            while (_closed) Monitor.Wait(_sync);
            Volatile.Write(ref _closed, true);
            Interlocked.MemoryBarrier();
            while (Interlocked.Read(ref _even) + Interlocked.Read(ref _odd) != 0) Monitor.Wait(_sync, 1);
        }

        try
        {
            action();
        }
        finally
        {
            lock (_sync)
            {
                Volatile.Write(ref _closed, false);
                Monitor.PulseAll(_sync);
            }
        }
    }

    private void WaitUntilOpen()
    {
        lock (_sync)
        {
            while (_closed) Monitor.Wait(_sync);
        }
    }

    private ref long Count(int phase) => ref phase == 0 ? ref _even : ref _odd;
}
