using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Fuzz.Devices;

/// <summary>A network that is full at times, takes now this and now that, and sends frames of all kinds.</summary>
internal sealed class HostileNetwork : INetworkBackend, INetworkPort
{
    private const FrameOffloads All = FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;
    private INetworkPort? _adapter;
    private volatile bool _full;
    private volatile FrameOffloads _accepts = All;

    public event Action? RoomAvailable;

    public event Action? LinkChanged;

    public FrameOffloads Accepts => _accepts;

    public bool IsUp => true;

    public INetworkPort Connect(INetworkPort adapter)
    {
        _adapter = adapter;
        return this;
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (!FrameDelivery.IsPossible(frame.Length, offload)) throw new InvalidOperationException("The adapter has sent an impossible frame.");
        return !_full;
    }

    /// <summary>Sends one frame, and changes what is accepted.</summary>
    public void Send(Random random)
    {
        byte[] frame = new byte[random.Next(8) == 0 ? random.Next(FrameDelivery.MaxLength + 100) : random.Next(2000)];
        random.NextBytes(frame.AsSpan(0, Math.Min(frame.Length, 100)));
        // To everybody, or nearly all would be for others.
        if (frame.Length > 0 && random.Next(4) > 0) frame.AsSpan(0, Math.Min(frame.Length, MacAddress.Length)).Fill(0xff);
        var offload = new FrameOffload
        {
            NeedsChecksum = random.Next(2) == 0,
            ChecksumStart = (ushort)random.Next(100),
            ChecksumOffset = (ushort)random.Next(20),
            Segmentation = (FrameSegmentation)random.Next(3),
            SegmentSize = (ushort)random.Next(3000),
        };
        if (!FrameDelivery.IsPossible(frame.Length, offload)) offload = default;
        if (FrameDelivery.IsPossible(frame.Length, offload)) _adapter!.TryDeliver(frame, offload);
        _full = random.Next(4) == 0;
        if (random.Next(16) == 0) _accepts = All & (FrameOffloads)random.Next(8);
        if (!_full) RoomAvailable?.Invoke();
        if (random.Next(100) == 0) LinkChanged?.Invoke();
    }
}
