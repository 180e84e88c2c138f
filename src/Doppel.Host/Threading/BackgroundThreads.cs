using System.Collections.Concurrent;

namespace Doppel.Host.Threading;

/// <summary>A few threads for many pieces of work on which nobody waits: each as light as a <see cref="BackgroundThread"/>, whose rules hold for the work.</summary>
public sealed class BackgroundThreads : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly string _name;
    private readonly int _count;
    private int _started;

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
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        if (Volatile.Read(ref _started) < _count && Interlocked.Increment(ref _started) <= _count) _ = BackgroundThread.RunAsync(_name, Serve);
        return done.Task;
    }

    /// <summary>Takes no more work; what was taken is still done, and then the threads end.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Serve()
    {
        foreach (Action work in _work.GetConsumingEnumerable()) work();
    }
}
