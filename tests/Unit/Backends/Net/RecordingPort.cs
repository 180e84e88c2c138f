using System.Collections.Concurrent;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Backends.Net;

/// <summary>An adapter that keeps what it is given.</summary>
internal sealed class RecordingPort : INetworkPort
{
    private bool _full;

    public event Action? RoomAvailable;

    public ConcurrentQueue<(byte[] Frame, FrameOffload Offload)> Frames { get; } = [];

    public FrameOffloads Accepts { get; set; } = FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    public bool Full
    {
        get => _full;
        set
        {
            _full = value;
            if (!value) RoomAvailable?.Invoke();
        }
    }

    /// <summary>The thread on which the last frame was taken.</summary>
    public Thread? Taker { get; private set; }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (_full) return false;
        Taker = Thread.CurrentThread;
        Frames.Enqueue((frame.ToArray(), offload));
        return true;
    }
}
