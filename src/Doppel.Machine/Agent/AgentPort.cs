// The channel of QEMU's guest agent (QEMU 10.0, docs/interop/qemu-ga-ref): lines of JSON on a virtio-serial port.
using Doppel.Core.Backends;

namespace Doppel.Machine.Agent;

/// <summary>
/// The host's end of the port on which a guest agent listens: whole lines both ways. What a guest sends unasked is dropped, and what it sends when it was asked has a limit.
/// </summary>
internal sealed class AgentPort : IConsoleBackend
{
    /// <summary>As agents look for it.</summary>
    public const string PortName = "org.qemu.guest_agent.0";

    /// <summary>The longest reply, in bytes; all that wait to be read have twice as many.</summary>
    public const int MaxReply = 1 << 20;

    /// <summary>No byte of UTF-8: both sides forget what came before it.</summary>
    public const byte Sentinel = 0xFF;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _lines = [];
    private byte[] _line = new byte[4096];
    private int _length;
    private int _queued;
    private bool _listening;
    private bool _flooded;
    private ReadOnlyMemory<byte> _waiting;
    private TaskCompletionSource _changed = NewSource();

    public event Action? InputAvailable;

    public event Action? Resized
    {
        add { }
        remove { }
    }

    public (int Columns, int Rows) Size => (0, 0);

    /// <summary>Whether a program of the guest has the port open.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Another number means another agent, or the same in another state: what was said before does not count.</summary>
    public int Epoch { get; private set; }

    /// <summary>Waits until a program of the guest has the port open.</summary>
    public async Task UntilOpenAsync(CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (IsOpen) return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Keeps lines from now on, and forgets what came before, until what is returned is disposed of.</summary>
    public IDisposable Listen()
    {
        lock (_lock) Forget(listening: true);
        return new Listening(this);
    }

    /// <summary>Sends this, instead of what the guest has not taken yet.</summary>
    public void Send(ReadOnlyMemory<byte> data)
    {
        lock (_lock) _waiting = data;
        InputAvailable?.Invoke();
    }

    /// <summary>The next line of the guest.</summary>
    /// <param name="epoch">What <see cref="Epoch"/> was when it was asked.</param>
    /// <exception cref="AgentFailure">The guest has gone, or talks too much.</exception>
    public async Task<byte[]> ReadLineAsync(int epoch, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (epoch != Epoch) throw new AgentFailure("it has been restarted meanwhile");
                if (_flooded) throw new AgentFailure($"it sends more than {MaxReply >> 20} MiB at a time");
                if (_lines.TryDequeue(out byte[]? line))
                {
                    _queued -= line.Length;
                    return line;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (!_listening || _flooded) return;
            bool whole = false;
            while (!data.IsEmpty)
            {
                int end = data.IndexOfAny((byte)'\n', Sentinel);
                Append(end < 0 ? data : data[..end]);
                if (_flooded || end < 0) break;
                if (data[end] == '\n') whole |= EndLine();
                _length = 0;
                data = data[(end + 1)..];
            }

            if (whole || _flooded) Signal();
        }
    }

    public int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            int count = Math.Min(buffer.Length, _waiting.Length);
            _waiting.Span[..count].CopyTo(buffer);
            _waiting = _waiting[count..];
            return count;
        }
    }

    public void GuestOpened(bool isOpen)
    {
        lock (_lock)
        {
            IsOpen = isOpen;
            Interrupt();
        }
    }

    public void GoesOn(bool written)
    {
        lock (_lock) Interrupt();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Interrupt()
    {
        Epoch++;
        _waiting = default;
        Signal();
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        if (_length + part.Length > MaxReply)
        {
            _flooded = true;
            return;
        }

        if (_length + part.Length > _line.Length) Array.Resize(ref _line, Math.Min(MaxReply, Math.Max(2 * _line.Length, _length + part.Length)));
        part.CopyTo(_line.AsSpan(_length));
        _length += part.Length;
    }

    private bool EndLine()
    {
        if (_length == 0) return false;
        _flooded = _queued + _length > 2 * MaxReply;
        if (_flooded) return true;
        _lines.Enqueue(_line[.._length]);
        _queued += _length;
        return true;
    }

    private void Forget(bool listening)
    {
        _lines.Clear();
        (_length, _queued, _flooded, _listening) = (0, 0, false, listening);
    }

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = NewSource();
        changed.SetResult();
    }

    private sealed class Listening(AgentPort port) : IDisposable
    {
        public void Dispose()
        {
            lock (port._lock) port.Forget(listening: false);
        }
    }
}

/// <summary>Why an agent could not be talked with; becomes part of a message.</summary>
internal sealed class AgentFailure(string message) : Exception(message);
