using System.Collections.Concurrent;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>The network's end of an adapter's cable: keeps what it is given, and can be full, unplugged or without offloads.</summary>
internal sealed class FakeNetwork : INetworkBackend, INetworkPort
{
    private bool _isUp = true;

    public event Action? RoomAvailable;

    public event Action? LinkChanged;

    public INetworkPort Adapter { get; private set; } = null!;

    public ConcurrentQueue<(byte[] Frame, FrameOffload Offload)> Frames { get; } = [];

    public FrameOffloads Accepts { get; set; } = FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    public bool Full { get; set; }

    public bool IsUp => _isUp;

    /// <summary>How often connections were to end.</summary>
    public int Ends { get; private set; }

    /// <summary>The names with which they were to end.</summary>
    public byte[] Ended { get; private set; } = [];

    /// <summary>How it names the guest's connections.</summary>
    public byte[] Connections { get; set; } = [];

    public byte[] SaveConnections() => Connections;

    public void EndConnections(ReadOnlyMemory<byte> saved)
    {
        Ends++;
        Ended = saved.ToArray();
    }

    public INetworkPort Connect(INetworkPort adapter)
    {
        Adapter = adapter;
        return this;
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (Full) return false;
        Frames.Enqueue((frame.ToArray(), offload));
        return true;
    }

    public void MakeRoom()
    {
        Full = false;
        RoomAvailable?.Invoke();
    }

    public void Plug(bool up)
    {
        _isUp = up;
        LinkChanged?.Invoke();
    }
}
