using System.Buffers;
using Doppel.Core.Backends;

namespace Doppel.Devices.Virtio.Net;

/// <summary>Frames that wait for room in the guest: bounded, first in, first out. Thread-safe.</summary>
internal sealed class FrameQueue
{
    /// <summary>Most bytes that wait; about what a TCP connection of Linux has under way.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Most frames that wait.</summary>
    public const int MaxFrames = 4096;

    private readonly Lock _lock = new();
    private readonly Queue<Entry> _frames = [];
    private int _bytes;
    private bool _refused;

    /// <summary>Whether none waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _frames.Count == 0;
        }
    }

    /// <summary>Copies a frame to the end, if there is room.</summary>
    public bool TryAdd(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        lock (_lock)
        {
            if (_bytes + frame.Length > MaxBytes || _frames.Count == MaxFrames)
            {
                _refused = true;
                return false;
            }

            byte[] buffer = ArrayPool<byte>.Shared.Rent(frame.Length);
            frame.CopyTo(buffer);
            _frames.Enqueue(new Entry(buffer, frame.Length, offload));
            _bytes += frame.Length;
            return true;
        }
    }

    /// <summary>Takes the frame that has waited longest; to be given to <see cref="Return"/> afterwards.</summary>
    public bool TryTake(out Entry entry)
    {
        lock (_lock)
        {
            if (!_frames.TryDequeue(out entry)) return false;
            _bytes -= entry.Length;
            return true;
        }
    }

    /// <summary>Looks at the frame that has waited longest. Only one thread may look and take.</summary>
    public bool TryPeek(out Entry entry)
    {
        lock (_lock) return _frames.TryPeek(out entry);
    }

    /// <summary>Whether there is much room again after somebody was refused; he is told once.</summary>
    public bool TakeRefusal()
    {
        lock (_lock)
        {
            if (!_refused || _bytes > MaxBytes / 2 || _frames.Count > MaxFrames / 2) return false;
            _refused = false;
            return true;
        }
    }

    public void Clear()
    {
        while (TryTake(out Entry entry)) Return(entry);
    }

    public static void Return(in Entry entry) => ArrayPool<byte>.Shared.Return(entry.Buffer);

    /// <summary>A frame that waits.</summary>
    public readonly record struct Entry(byte[] Buffer, int Length, FrameOffload Offload)
    {
        public ReadOnlySpan<byte> Frame => Buffer.AsSpan(0, Length);
    }
}
