namespace Doppel.Host.Threading;

/// <summary>
/// A thread for one piece of work during which others stand still: it need not wait for those that are busy (<see cref="ThreadShare.BeQuick"/>), and waits for the work already, as a thread of the pool may not
/// after each wait.
/// </summary>
public sealed class QuickThread : IDisposable
{
    private readonly object _lock = new();
    private ThreadPlace? _place;
    private Action? _work;
    private bool _ends;

    /// <summary>Has the host make it, which takes some tenths of a millisecond.</summary>
    /// <param name="name">The thread's name.</param>
    public QuickThread(string name)
    {
        new Thread(Serve) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Does the work on a thread that is made for it.</summary>
    /// <inheritdoc cref="RunAsync{T}(Func{T}, bool)"/>
    public static Task<T> RunAsync<T>(string name, Func<T> work) => new QuickThread(name).RunAsync(work);

    /// <summary>Does the work, and ends. Once.</summary>
    /// <param name="work">May block.</param>
    /// <param name="goesOnHere">
    /// Whether who waits for the work goes on on this thread, which is nobody else's: one of the pool would have to be woken up first, and to get a processor.
    /// </param>
    /// <returns>Completes when the work is done, with what it returned or threw.</returns>
    public Task<T> RunAsync<T>(Func<T> work, bool goesOnHere = false)
    {
        var done = new TaskCompletionSource<T>(goesOnHere ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPlace? place;
        lock (_lock)
        {
            if (_ends) throw new InvalidOperationException("The thread has done its work.");
            _ends = true;
            _work = Do;
            place = _place;
        }

        // It may not wait yet.
        if (place is null) Wake();
        else place.WakeElsewhere(Wake);
        return done.Task;

        void Wake()
        {
            lock (_lock) Monitor.Pulse(_lock);
        }

        void Do()
        {
            T result;
            try
            {
                result = work();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
                return;
            }

            done.SetResult(result);
        }
    }

    /// <summary>Ends the thread, if it has been given no work.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ends = true;
            Monitor.Pulse(_lock);
        }
    }

    private void Serve()
    {
        ThreadShare.BeQuick();
        Action? work;
        lock (_lock)
        {
            _place = ThreadPlace.OfThis();
            while (!_ends) Monitor.Wait(_lock);
            work = _work;
        }

        _place?.Arrive();
        work?.Invoke();
    }
}
