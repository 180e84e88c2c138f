using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Capture;

/// <summary>A network as it is, with a record of all that passes the adapter's cable in either direction.</summary>
/// <param name="network">Where frames go to. Whoever made it disposes of it.</param>
/// <param name="capture">Takes what has passed. Whoever made it disposes of it, after the machine.</param>
public sealed class CapturedNetwork(INetworkBackend network, PcapWriter capture) : INetworkBackend
{
    public event Action? LinkChanged
    {
        add => network.LinkChanged += value;
        remove => network.LinkChanged -= value;
    }

    public bool IsUp => network.IsUp;

    public INetworkPort Connect(INetworkPort adapter) => new Tap(network.Connect(new Tap(adapter, capture)), capture);

    public byte[] SaveConnections() => network.SaveConnections();

    public void EndConnections(ReadOnlyMemory<byte> saved) => network.EndConnections(saved);

    /// <summary>One direction.</summary>
    private sealed class Tap(INetworkPort to, PcapWriter capture) : INetworkPort
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
            if (FrameDelivery.IsPossible(frame.Length, offload)) capture.TryDeliver(frame, offload);
            return true;
        }
    }
}
