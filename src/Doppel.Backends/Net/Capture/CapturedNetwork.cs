using Doppel.Core.Backends;

namespace Doppel.Backends.Net.Capture;

/// <summary>A network as it is, with a place where all that passes the adapter's cable in either direction can be recorded.</summary>
/// <param name="network">Where frames go to. Whoever made it disposes of it.</param>
public sealed class CapturedNetwork(INetworkBackend network) : INetworkBackend
{
    /// <param name="network">Where frames go to. Whoever made it disposes of it.</param>
    /// <param name="capture">Takes what has passed, from the beginning. Whoever made it disposes of it, after the machine.</param>
    public CapturedNetwork(INetworkBackend network, PcapWriter capture)
        : this(network) => Point.Begin(capture);

    public event Action? LinkChanged
    {
        add => network.LinkChanged += value;
        remove => network.LinkChanged -= value;
    }

    /// <summary>Where records are begun.</summary>
    public CapturePoint Point { get; } = new();

    public bool IsUp => network.IsUp;

    public INetworkPort Connect(INetworkPort adapter) => new Tap(network.Connect(new Tap(adapter, Point)), Point);

    public byte[] SaveConnections() => network.SaveConnections();

    public void EndConnections(ReadOnlyMemory<byte> saved) => network.EndConnections(saved);

    /// <summary>One direction.</summary>
    private sealed class Tap(INetworkPort to, CapturePoint point) : INetworkPort
    {
        public event Action? RoomAvailable
        {
            add => to.RoomAvailable += value;
            remove => to.RoomAvailable -= value;
        }

        public FrameOffloads Accepts => to.Accepts;

        public bool IsBehind => to.IsBehind;

        public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
        {
            if (!to.TryTake(frame, offload)) return false;
            point.Record(frame, offload);
            return true;
        }
    }
}
