using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;
using Doppel.Core.Net;
using Doppel.Host.Net;

namespace Doppel.Backends.Net.Tap;

/// <summary>A tap interface of the host, for those who have the right to it: whatever the host does with that – bridge, route, filter – the guest is part of.</summary>
public sealed class TapNetwork : INetworkBackend, INetworkPort, IDisposable
{
    private static readonly TimeSpan RoomPatience = TimeSpan.FromMilliseconds(50);
    private readonly AutoResetEvent _room = new(false);
    private readonly TapDevice _device;
    private volatile INetworkPort? _adapter;
    private volatile bool _disposed;

    /// <param name="name">Of the interface; it is made, and gone with us, if there is none and the user may do that.</param>
    /// <exception cref="DoppelException">It cannot be had.</exception>
    public TapNetwork(string name)
    {
        try
        {
            _device = new TapDevice(name, Receive);
        }
        catch (TapException exception)
        {
            throw exception.Failure switch
            {
                TapFailure.Denied => new DoppelException(ErrorKind.Denied, $"tap:{name}: you have no right to this interface", $"as root: ip tuntap add {name} mode tap user $USER && ip link set {name} up; or --net user, which needs no rights", exception),
                TapFailure.Busy => new DoppelException(ErrorKind.WrongState, $"tap:{name}: another program uses this interface", "another interface, or end that program", exception),
                TapFailure.NoTap => new DoppelException(ErrorKind.Usage, $"tap:{name}: no tap interface can have this name", "the name of a tap interface, as ip tuntap list shows", exception),
                TapFailure.Unsupported => new DoppelException(ErrorKind.Failed, $"tap:{name}: this system has no tap interfaces: {exception.Message}", "modprobe tun; or --net user", exception),
                _ => new DoppelException(ErrorKind.Failed, $"tap:{name}: {exception.Message}", "ip link show", exception),
            };
        }
    }

    public event Action? RoomAvailable
    {
        add { }
        remove { }
    }

    /// <summary>Frames of the guest that the host did not take: the interface is down, or its queue full.</summary>
    public Counter Lost { get; } = new();

    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    public INetworkPort Connect(INetworkPort adapter)
    {
        adapter.RoomAvailable += () => _room.Set();
        _adapter = adapter;
        return this;
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        Span<byte> header = stackalloc byte[OffloadHeader.Length];
        OffloadHeader.Write(header, offload);
        if (_disposed || !_device.TryWrite(header, frame)) Lost.Increment();
        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        _room.Set();
        _device.Dispose();
    }

    /// <summary>On the interface's own thread: it may wait for the guest, while the host's queue fills and drops.</summary>
    private void Receive(ReadOnlySpan<byte> bytes)
    {
        if (_adapter is not { } adapter || bytes.Length < OffloadHeader.Length + FrameDelivery.HeaderLength) return;
        ReadOnlySpan<byte> frame = bytes[OffloadHeader.Length..];
        if (!OffloadHeader.TryRead(bytes, frame, out FrameOffload offload)) return;
        while (!_disposed && !adapter.TryDeliver(frame, offload)) _room.WaitOne(RoomPatience);
    }
}
