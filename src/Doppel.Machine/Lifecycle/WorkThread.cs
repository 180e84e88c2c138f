namespace Doppel.Machine.Lifecycle;

/// <summary>
/// A thread that does one piece of work after the other, from the first one on. For what must go on whatever else the process does with the threads of its pool, which belong to whoever uses the
/// library.
/// </summary>
internal sealed class WorkThread(string name) : IDisposable
{
    private readonly object _lock = new();
    private readonly Queue<Action> _work = [];
    private Thread? _thread;
    private bool _ending;

    /// <summary>Has it done soon. Nothing is done once the thread has been ended. Thread-safe, never blocks.</summary>
    public void Post(Action work)
    {
        lock (_lock)
        {
            if (_ending) return;
            _work.Enqueue(work);
            Monitor.Pulse(_lock);
            if (_thread is not null) return;
            _thread = new Thread(Run) { IsBackground = true, Name = name };
            _thread.Start();
        }
    }

    /// <summary>Ends the thread after the piece of work that is under way.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _ending = true;
            Monitor.Pulse(_lock);
            thread = _thread;
        }

        if (thread != Thread.CurrentThread) thread?.Join();
    }

    private void Run()
    {
        while (true)
        {
            Action? work;
            lock (_lock)
            {
                while (!_ending && _work.Count == 0) Monitor.Wait(_lock);
                if (_ending) return;
                work = _work.Dequeue();
            }

            work();
        }
    }
}
