using Doppel.Core.Backends;

namespace Doppel.Backends.Net.User.Loop;

/// <summary>
/// Frames on their way from the guest's processors to the loop: a ring of bytes of fixed size. Any thread adds, one takes. A frame is one piece of the ring, read where it
/// lies until it is released.
/// </summary>
internal sealed class FrameQueue(int capacity)
{
    private const int MaxFrames = 4096;
    private readonly byte[] _bytes = new byte[capacity];
    private readonly Entry[] _entries = new Entry[MaxFrames];
    private readonly Lock _lock = new();
    private int _tail;
    private long _first;
    private long _next;
    private int _used;
    private bool _refused;

    /// <summary>Whether the loop has nothing to take.</summary>
    public bool IsEmpty => Volatile.Read(ref _next) == Volatile.Read(ref _first);

    /// <summary>Copies a frame in; false if there is no room.</summary>
    public bool TryAdd(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        lock (_lock)
        {
            if (_used == 0) _tail = 0;
            int skip = _tail + frame.Length > _bytes.Length ? _bytes.Length - _tail : 0;
            if (_next - _first == MaxFrames || _used + skip + frame.Length > _bytes.Length)
            {
                _refused = true;
                return false;
            }

            if (skip > 0) _tail = 0;
            frame.CopyTo(_bytes.AsSpan(_tail));
            _entries[_next % MaxFrames] = new Entry(_tail, frame.Length, skip, offload);
            _tail = (_tail + frame.Length) % _bytes.Length;
            _used += skip + frame.Length;
            Volatile.Write(ref _next, _next + 1);
            return true;
        }
    }

    /// <summary>The oldest frame, valid until <see cref="Release"/>.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> frame, out FrameOffload offload)
    {
        if (IsEmpty)
        {
            frame = default;
            offload = default;
            return false;
        }

        ref Entry entry = ref _entries[_first % MaxFrames];
        frame = _bytes.AsSpan(entry.Offset, entry.Length);
        offload = entry.Offload;
        return true;
    }

    /// <summary>Lets go of the oldest frame.</summary>
    /// <returns>Whether somebody was refused and there is plenty of room now.</returns>
    public bool Release()
    {
        lock (_lock)
        {
            ref Entry entry = ref _entries[_first % MaxFrames];
            _used -= entry.Skip + entry.Length;
            Volatile.Write(ref _first, _first + 1);
            if (!_refused || _used > _bytes.Length / 2 || _next - _first > MaxFrames / 2) return false;
            _refused = false;
            return true;
        }
    }

    private readonly record struct Entry(int Offset, int Length, int Skip, FrameOffload Offload);
}
