using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>A guest's adapter whose frames a test reads and writes, on a network of its own.</summary>
internal sealed class FakeGuest : INetworkPort, IDisposable
{
    public static readonly MacAddress OwnMac = new(0x5254_0012_3456);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly BlockingCollection<(byte[] Frame, FrameOffload Offload)> _received = [];
    private readonly INetworkPort _gateway;
    private readonly UserNetwork? _network;
    private volatile bool _full;
    private volatile bool _isBehind;
    private volatile bool _hasBeenAsked;

    public FakeGuest(UserNetworkConfig? config = null, TimeProvider? time = null)
    {
        _network = new UserNetwork(config, "test", time);
        Config = _network.Config;
        _gateway = _network.Connect(this);
    }

    /// <param name="network">With a gateway somewhere in it; the caller's.</param>
    /// <param name="config">The gateway's.</param>
    public FakeGuest(INetworkBackend network, UserNetworkConfig config)
    {
        Config = config;
        _gateway = network.Connect(this);
    }

    public event Action? RoomAvailable;

    public UserNetwork Network => _network ?? throw new InvalidOperationException("The network is not this guest's own.");

    public UserNetworkConfig Config { get; }

    public FrameOffloads Accepts { get; set; } = FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    /// <summary>Drops, repeats or reorders what comes from the gateway: how often a frame is to arrive.</summary>
    public Func<byte[], int>? Arrivals { get; set; }

    public Address Own { get; set; } = Address.FromV4(0x0a00020f);

    /// <summary>How many frames it refuses although it has room again before the gateway knows of the refusal.</summary>
    public int Refusals { get; set; }

    /// <summary>Whether it has room for frames.</summary>
    public bool Full
    {
        get => _full;
        set
        {
            _full = value;
            if (!value) RoomAvailable?.Invoke();
        }
    }

    /// <summary>Whether it has had to say that it is behind.</summary>
    public bool HasBeenAsked
    {
        get => _hasBeenAsked;
        private set => _hasBeenAsked = value;
    }

    /// <summary>Whether it has more datagrams than it can do.</summary>
    public bool IsBehind
    {
        get
        {
            HasBeenAsked |= _isBehind;
            return _isBehind;
        }

        set
        {
            _isBehind = value;
            if (!value) RoomAvailable?.Invoke();
        }
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (_full) return false;
        if (Refusals > 0)
        {
            Refusals--;
            RoomAvailable?.Invoke();
            return false;
        }

        byte[] copy = frame.ToArray();
        for (int i = Arrivals?.Invoke(copy) ?? 1; i > 0; i--) _received.Add((copy, offload));
        return true;
    }

    /// <summary>A gateway that is given random frames must take them all.</summary>
    public void SendRaw(ReadOnlySpan<byte> frame, FrameOffload offload = default)
    {
        while (!_gateway.TryTake(frame, offload)) Thread.Yield();
    }

    public void SendIp(Address to, byte protocol, ReadOnlySpan<byte> payload, MacAddress? mac = null, Address? from = null, bool checksum = true, ushort fragment = 0x4000, ushort id = 0)
    {
        Address source = from ?? Own;
        int headers = IpWriter.HeaderLength(to.IsV4);
        byte[] frame = new byte[headers + payload.Length];
        IpWriter.WriteEthernet(frame, mac ?? new MacAddress(0x5255_0a00_0202), OwnMac, to.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        IpWriter.WriteIp(frame.AsSpan(IpWriter.Ethernet), source, to, protocol, payload.Length, id, fragment, protocol == IpProtocol.IcmpV6 ? (byte)255 : (byte)64);
        payload.CopyTo(frame.AsSpan(headers));
        if (checksum) WriteChecksum(frame.AsSpan(headers), source, to, protocol);
        SendRaw(frame);
    }

    public void SendUdp(Address to, ushort fromPort, ushort toPort, ReadOnlySpan<byte> payload, Address? from = null, MacAddress? mac = null)
    {
        byte[] datagram = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(datagram, fromPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), toPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        payload.CopyTo(datagram.AsSpan(8));
        SendIp(to, IpProtocol.Udp, datagram, mac, from);
    }

    public void SendTcp(in FlowKey key, uint sequence, uint acknowledgement, TcpFlags flags, ushort window = 65535, ReadOnlySpan<byte> payload = default, ReadOnlySpan<byte> options = default)
    {
        byte[] segment = new byte[20 + options.Length + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, key.GuestPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), key.RemotePort);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledgement);
        segment[12] = (byte)((20 + options.Length) / 4 << 4);
        segment[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), window);
        options.CopyTo(segment.AsSpan(20));
        payload.CopyTo(segment.AsSpan(20 + options.Length));
        SendIp(key.Remote, IpProtocol.Tcp, segment, from: key.Guest);
    }

    /// <summary>Tells the gateway where it is.</summary>
    public void SendArpReply()
    {
        byte[] frame = new byte[42];
        IpWriter.WriteEthernet(frame, new MacAddress(0x5255_0a00_0202), OwnMac, EtherType.Arp);
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(14), 0x0001_0800_0604_0002);
        OwnMac.Write(frame.AsSpan(22));
        Own.Write(frame.AsSpan(28));
        SendRaw(frame);
    }

    /// <summary>The next frame, if one comes in that time. Its checksums have been looked at.</summary>
    public byte[]? Receive(TimeSpan wait)
    {
        if (!_received.TryTake(out (byte[] Frame, FrameOffload Offload) next, wait)) return null;
        FrameCheck.Check(next.Frame, next.Offload, Accepts);
        return next.Frame;
    }

    /// <summary>The next frame that is meant; others are skipped.</summary>
    public byte[] Expect(Func<byte[], bool> isMeant)
    {
        for (long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds; Environment.TickCount64 < end;)
        {
            if (Receive(TimeSpan.FromMilliseconds(100)) is { } frame && isMeant(frame)) return frame;
        }

        throw new Xunit.Sdk.XunitException("The frame that was waited for did not come.");
    }

    /// <summary>The payload of the next packet of a protocol, and where it came from.</summary>
    public (Address From, byte[] Payload) ExpectIp(byte protocol, Func<byte[], bool>? isMeant = null)
    {
        (Address, byte[]) found = default;
        Expect(frame =>
        {
            if (!TryRead(frame, out IpPacket packet) || packet.Protocol != protocol || packet.IsFragment) return false;
            byte[] payload = packet.Payload.ToArray();
            if (isMeant is not null && !isMeant(payload)) return false;
            found = (packet.Source, payload);
            return true;
        });
        return found;
    }

    public static bool TryRead(byte[] frame, out IpPacket packet)
    {
        packet = default;
        return (frame[12] << 8 | frame[13]) switch
        {
            EtherType.Ipv4 => IpPacket.TryReadV4(frame.AsSpan(14), out packet),
            EtherType.Ipv6 => IpPacket.TryReadV6(frame.AsSpan(14), out packet),
            _ => false,
        };
    }

    public static void WriteChecksum(Span<byte> payload, in Address from, in Address to, byte protocol)
    {
        int at = protocol switch
        {
            IpProtocol.Tcp => 16,
            IpProtocol.Udp => 6,
            IpProtocol.Icmp or IpProtocol.IcmpV6 => 2,
            _ => -1,
        };
        if (at < 0 || payload.Length < at + 2) return;
        ulong sum = protocol == IpProtocol.Icmp ? 0 : PseudoHeader.Sum(from, to, protocol, payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(payload[at..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(payload[at..], InternetChecksum.Finish(InternetChecksum.Add(payload, sum)));
    }

    public void Dispose()
    {
        _network?.Dispose();
        _received.Dispose();
    }

    public static Address At(string text) => Address.From(IPAddress.Parse(text));
}
