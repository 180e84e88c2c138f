namespace Doppel.Backends.Console;

/// <summary>Input that waits for the guest. Thread-safe; raises its event without its lock held.</summary>
internal sealed class InputQueue
{
    private readonly Lock _lock = new();
    private readonly ByteQueue _bytes = new();
    private bool _ended;

    /// <summary>Raised when bytes have arrived and when the input has ended.</summary>
    public event Action? Changed;

    /// <summary>Raised when the guest has taken bytes.</summary>
    public event Action? Taken;

    public int Count
    {
        get
        {
            lock (_lock) return _bytes.Count;
        }
    }

    public bool Ended
    {
        get
        {
            lock (_lock) return _ended;
        }
    }

    /// <summary>Adds bytes; without effect once the input has ended.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return;
        lock (_lock)
        {
            if (_ended) return;
            _bytes.Add(data);
        }

        Changed?.Invoke();
    }

    public int Take(Span<byte> buffer)
    {
        int count;
        lock (_lock) count = _bytes.Take(buffer);
        if (count > 0) Taken?.Invoke();
        return count;
    }

    public void End()
    {
        lock (_lock)
        {
            if (_ended) return;
            _ended = true;
        }

        Changed?.Invoke();
    }
}
