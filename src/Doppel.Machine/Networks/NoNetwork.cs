using Doppel.Core.Backends;

namespace Doppel.Machine.Networks;

/// <summary>What an adapter is plugged into that nothing is at the other end of: the cable hangs loose.</summary>
internal sealed class NoNetwork : INetworkBackend, INetworkPort
{
    public event Action? RoomAvailable
    {
        add { }
        remove { }
    }

    public bool IsUp => false;

    public FrameOffloads Accepts => FrameOffloads.None;

    public INetworkPort Connect(INetworkPort adapter) => this;

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload) => true;
}
