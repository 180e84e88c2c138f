namespace Doppel.Host.Threading;

/// <summary>A few threads for many pieces of work on which nobody waits: each as light as a <see cref="BackgroundThread"/>, whose rules hold for the work, and with <see cref="WorkRests"/>.</summary>
/// <remarks>Who has nothing to do sleeps at once: to look for work again and again, as collections that block do, would take the processor from those who have some.</remarks>
public sealed class BackgroundThreads : IDisposable
{
    private readonly object _lock = new();
    private readonly Queue<Action> _work = [];
    private readonly string _name;
    private readonly int _count;
    private int _started;
    private bool _ends;

    /// <param name="name">The threads' name.</param>
    /// <param name="count">How many there are at most; each is started when there is work for it.</param>
    public BackgroundThreads(string name, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _name = name;
        _count = count;
    }

    /// <summary>Does a piece of work when its turn comes.</summary>
    /// <returns>What it returned, or threw.</returns>
    /// <exception cref="InvalidOperationException">Disposed of already.</exception>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool starts;
        lock (_lock)
        {
            if (_ends) throw new InvalidOperationException("No more work is taken.");
            _work.Enqueue(Do);
            Monitor.Pulse(_lock);
            starts = _started < _count;
            if (starts) _started++;
        }

        if (starts) _ = BackgroundThread.RunAsync(_name, Serve);
        return done.Task;

        void Do()
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    /// <summary>Takes no more work; what was taken is still done, and then the threads end.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ends = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Serve()
    {
        WorkRests rests = default;
        while (true)
        {
            Action? work;
            lock (_lock)
            {
                while (!_work.TryDequeue(out work))
                {
                    if (_ends) return;
                    Monitor.Wait(_lock);
                }
            }

            work();
            rests.Take();
        }
    }
}
