using Doppel.Host.Threading;

namespace Doppel.Machine.Named.Control;

/// <summary>Sends what a guest writes to one who watches: on a thread of its own, so that it is there at once, however busy the threads of the pool are.</summary>
internal sealed class ConsoleSender : IDisposable
{
    /// <summary>Who does not read must not hold up the guest: for him the oldest of more is dropped.</summary>
    private const int MaxPending = 1024;

    private readonly object _lock = new();
    private readonly Stream _stream;
    private readonly Queue<ReadOnlyMemory<byte>> _pending = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ends;

    /// <param name="stream">Remains the caller's, who closes it once this has been disposed of: that ends a thread to which nobody listens.</param>
    public ConsoleSender(Stream stream)
    {
        _stream = stream;
        new Thread(Serve) { IsBackground = true, Name = "doppel-console" }.Start();
    }

    /// <summary>Completes when nothing is sent any more: all has been, or nobody listens.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Sends soon. Never waits.</summary>
    public void Put(ReadOnlyMemory<byte> data)
    {
        lock (_lock)
        {
            if (_ends) return;
            if (_pending.Count == MaxPending) _pending.Dequeue();
            _pending.Enqueue(data);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Takes no more. What was taken is still sent.</summary>
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
        try
        {
            while (TryTake(out ReadOnlyMemory<byte> data)) _stream.Write(data.Span);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // The user has left, or the stream has been closed.
        }

        _ended.TrySetResult();
    }

    /// <returns>False when there is no more, and never will be.</returns>
    private bool TryTake(out ReadOnlyMemory<byte> data)
    {
        lock (_lock)
        {
            while (_pending.Count == 0 && !_ends) Monitor.Wait(_lock);
            return _pending.TryDequeue(out data);
        }
    }
}
