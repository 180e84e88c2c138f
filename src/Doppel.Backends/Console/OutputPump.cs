namespace Doppel.Backends.Console;

/// <summary>
/// Takes output of the guest into a buffer and writes it on a thread of its own, so that a vCPU does not wait for a slow terminal. Nothing is dropped:
/// a guest that writes faster than the host reads is slowed down, first a little on each write, then a lot, but never so long that its processor
/// could not be stopped.
/// </summary>
internal sealed class OutputPump : IDisposable
{
    /// <summary>Bytes from which on each write waits for room up to <see cref="Delay"/>.</summary>
    private const int DefaultSoftLimit = 1 << 20;

    /// <summary>Bytes from which on each write waits for room up to <see cref="LongDelay"/>.</summary>
    private const int DefaultHardLimit = 64 << 20;

    private const int PieceSize = 64 << 10;
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly object _lock = new();
    private readonly ByteQueue _buffer = new();
    private readonly TryWrite _write;
    private readonly int _softLimit;
    private readonly int _hardLimit;
    private readonly Thread _thread;
    private int _underWay;
    private long _piecesWritten;
    private bool _broken;
    private bool _released;
    private bool _closing;

    /// <param name="write">Writes all of it; false if nobody will ever read it. Called on the pump's thread.</param>
    public OutputPump(TryWrite write, string name, int softLimit = DefaultSoftLimit, int hardLimit = DefaultHardLimit)
    {
        _write = write;
        _softLimit = softLimit;
        _hardLimit = hardLimit;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public delegate bool TryWrite(ReadOnlySpan<byte> data);

    /// <summary>Raised on the pump's thread when the output can no longer be written; from then on it is discarded.</summary>
    public event Action? Broken;

    /// <summary>Whether the reader of the output has gone.</summary>
    public bool IsBroken
    {
        get
        {
            lock (_lock) return _broken;
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (_broken || _closing) return;
            _buffer.Add(data);
            Monitor.PulseAll(_lock);
            if (Backlog > _softLimit && !_released) Monitor.Wait(_lock, Backlog > _hardLimit ? LongDelay : Delay);
        }
    }

    /// <summary>Lets writers no longer wait, because the machine is about to end.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _released = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until everything has been written, or until nothing has moved for two seconds.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            long seen = -1;
            while (Backlog > 0 && !_broken && seen != _piecesWritten)
            {
                seen = _piecesWritten;
                long until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
                while (Backlog > 0 && !_broken && seen == _piecesWritten && Environment.TickCount64 < until)
                {
                    Monitor.Wait(_lock, Patience);
                }
            }
        }
    }

    /// <summary>Writes what is left and stops. Gives up when the output has been stuck for two seconds.</summary>
    public void Dispose()
    {
        Release();
        Flush();
        bool idle;
        lock (_lock)
        {
            _closing = true;
            idle = Backlog == 0;
            Monitor.PulseAll(_lock);
        }

        // A thread that is stuck in the host's write ends with the process.
        if (idle && Thread.CurrentThread != _thread) _thread.Join();
    }

    private int Backlog => _buffer.Count + _underWay;

    private void Run()
    {
        byte[] piece = new byte[PieceSize];
        while (true)
        {
            bool gather;
            lock (_lock)
            {
                while (_buffer.Count == 0 && !_closing) Monitor.Wait(_lock);
                if (_closing) return;
                gather = _buffer.Count < PieceSize && !_released;
            }

            // Serial ports send byte by byte: a moment's wait makes one write of many.
            if (gather) Thread.Sleep(Gathering);
            int count;
            lock (_lock) _underWay = count = _buffer.Take(piece);
            bool written = _write(piece.AsSpan(0, count));
            lock (_lock)
            {
                _underWay = 0;
                _piecesWritten++;
                _broken = !written;
                if (_broken) _buffer.Clear();
                Monitor.PulseAll(_lock);
                if (written) continue;
            }

            Broken?.Invoke();
            return;
        }
    }
}
