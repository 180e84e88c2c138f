using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Datagrams;
using Doppel.Backends.Net.User.Dns;
using Doppel.Backends.Net.User.Forwards;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User;

/// <summary>The gateway itself: what becomes of each frame of a guest. Everything happens on the loop's thread.</summary>
internal sealed class Gateway
{
    private const int FramesPerTurn = 256;
    private readonly UserNetworkConfig _config;
    private readonly FrameQueue _frames;
    private readonly Action _roomAvailable;
    private readonly DeadlineQueue _deadlines = new();
    private readonly Reassembly _reassembly = new();
    private readonly NeighbourTable _neighbours;
    private readonly Arp _arp;
    private readonly NeighbourDiscovery _discovery;
    private readonly IcmpReplies _icmp;
    private readonly DhcpServer _dhcp;
    private readonly DnsProxy _dns;
    private readonly PolicyJudge _judge;
    private readonly DatagramTable _datagrams;
    private readonly TcpTable _tcp;
    private readonly GoneConnections _gone;

    /// <param name="roomAvailable">Called when frames were refused and there is room again.</param>
    public Gateway(UserNetworkConfig config, TimeProvider time, string name, FrameQueue frames, Action roomAvailable)
    {
        (_config, _frames, _roomAvailable) = (config, frames, roomAvailable);
        Loop = new EventLoop(name, time, Turn, () => _deadlines.Next, Counters.Fault);
        Link = new GuestLink(new MacAddress(0x5255_0000_0000UL | config.GatewayV4.V4), Counters);
        Leases = new LeaseTable(config, _deadlines, Counters.Fault);
        _neighbours = new NeighbourTable(config.Limits.Neighbours);
        _arp = new Arp(config, Link, _neighbours);
        _discovery = new NeighbourDiscovery(config, Link, _neighbours) { Again = _deadlines.Set };
        _icmp = new IcmpReplies(config, Link);
        _dhcp = new DhcpServer(config, Link, Leases, _neighbours);
        _judge = new PolicyJudge(config.Policy, config, () => Loop.Now);
        var resolvers = new HostResolvers(config.ResolverFile, time);
        _dns = new DnsProxy(config, Loop, Leases, _judge, Counters, new DnsForwarder(() => resolvers.Servers, time));
        _datagrams = new DatagramTable(Loop, Link, _deadlines, config.Limits, Counters, _icmp);
        _tcp = new TcpTable(Loop, Link, _deadlines, config.Limits, Counters, Resolve, TellTcpFailure);
        _gone = new GoneConnections(Loop, Link, _deadlines, config.Limits, _tcp.Writer, Resolve);
        Forwards = new ForwardTable(config, Loop, _tcp, _datagrams, Resolve);
        if (config.NetworkV6 is not null) _deadlines.Set(_discovery, 0);
    }

    public EventLoop Loop { get; }

    public GuestLink Link { get; }

    public GatewayCounters Counters { get; } = new();

    public LeaseTable Leases { get; }

    public ForwardTable Forwards { get; }

    /// <summary>The TCP connections and datagram flows that there are. On the loop's thread.</summary>
    public (int Tcp, int Datagrams) FlowCounts => (_tcp.Count, _datagrams.Count);

    /// <summary>Names the TCP connections that a guest, or any, may believe in just now. From any thread.</summary>
    public byte[] SaveConnections(MacAddress? guest = null) => SavedConnections.Write(_tcp.Believed(guest));

    /// <summary>Ends all connections: the guest has become another one, which may believe in those of now and of then.</summary>
    public void Forget(IReadOnlyList<FlowKey> saved)
    {
        Link.Clear();
        IReadOnlyList<FlowKey> believed = _tcp.Believed();
        _tcp.EndAll();
        _datagrams.EndAll();
        AddGone(believed, saved);
    }

    /// <summary>Ends the connections of one of several guests.</summary>
    public void Forget(MacAddress guest, IReadOnlyList<FlowKey> saved)
    {
        IReadOnlyList<FlowKey> believed = _tcp.Believed(guest);
        _tcp.End(guest);
        _datagrams.End(guest);
        AddGone(believed, saved);
    }

    private void AddGone(IReadOnlyList<FlowKey> believed, IReadOnlyList<FlowKey> saved)
    {
        // What is there is somebody else's now, who goes on.
        foreach (FlowKey key in believed.Concat(saved.Where(k => _config.IsGuest(k.Guest))).Where(k => !_tcp.Contains(k))) _gone.Add(key);
    }

    /// <summary>Lets go of all that is the host's. After the loop has ended.</summary>
    public void Close()
    {
        Forwards.Dispose();
        _dns.Dispose();
        _tcp.EndAll();
        _datagrams.EndAll();
        Leases.Close();
    }

    /// <summary>One round of everything; whether there is more to do at once.</summary>
    private bool Turn()
    {
        bool more = TakeFrames();
        _deadlines.RunDue(Loop.Now);
        if (!Link.Blocked) Link.SendWaiting();
        more |= _datagrams.Pump();
        more |= _tcp.Pump();
        return more;
    }

    private bool TakeFrames()
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (!_frames.TryPeek(out ReadOnlySpan<byte> frame, out FrameOffload offload)) return false;
            Counters.FramesFromGuest.Increment();
            Counters.BytesFromGuest.Add(frame.Length);
            try
            {
                if (!TakeFrame(frame, offload)) Counters.FramesIgnored.Increment();
            }
            catch (Exception exception)
            {
                Counters.Fault(exception);
            }

            if (_frames.Release()) _roomAvailable();
        }

        return true;
    }

    private bool TakeFrame(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (frame.Length < IpWriter.Ethernet) return false;
        MacAddress to = MacAddress.Read(frame);
        MacAddress from = MacAddress.Read(frame[6..]);
        if ((to != Link.Own && !to.IsMulticast) || from.IsMulticast) return false;
        ReadOnlySpan<byte> packet = frame[IpWriter.Ethernet..];
        bool checkedSums = offload.NeedsChecksum || offload.ChecksumValid;
        switch (frame[12] << 8 | frame[13])
        {
            case EtherType.Arp:
                return _arp.Take(packet, Loop.Now);
            case EtherType.Ipv4:
                return IpPacket.TryReadV4(packet, out IpPacket v4) && TakePacket(v4, from, checkedSums);
            case EtherType.Ipv6 when _config.NetworkV6 is not null:
                return IpPacket.TryReadV6(packet, out IpPacket v6) && TakePacket(v6, from, checkedSums);
            default:
                return false;
        }
    }

    private bool TakePacket(in IpPacket packet, MacAddress from, bool checkedSums)
    {
        if (packet.IsFragment)
        {
            if (_reassembly.TryComplete(packet, Loop.Now, out byte[] whole)) TakeWhole(packet.WithPayload(whole), from, checkedSums: false);
            return true;
        }

        return TakeWhole(packet, from, checkedSums);
    }

    private bool TakeWhole(in IpPacket packet, MacAddress from, bool checkedSums)
    {
        if (!checkedSums && !HasValidChecksum(packet)) return false;
        if (packet.Protocol == IpProtocol.Udp) return TakeUdp(packet, from);
        if (packet is { Protocol: IpProtocol.IcmpV6, Payload.Length: >= IcmpReplies.HeaderLength } && packet.Payload[0] is >= NeighbourDiscovery.RouterSolicitation and <= NeighbourDiscovery.NeighbourAdvertisement)
            return !packet.Source.IsV4 && _discovery.Take(packet, from, Loop.Now);

        // Everything else comes from an address of a guest and goes to one receiver.
        if (!_config.IsGuest(packet.Source) || packet.Destination.IsMulticast) return false;
        Learn(packet, from);
        switch (packet.Protocol)
        {
            case IpProtocol.Tcp:
                return TakeTcp(packet, from);
            case IpProtocol.Icmp when packet.Source.IsV4:
            case IpProtocol.IcmpV6 when !packet.Source.IsV4:
                return TakeEcho(packet, from);
            default:
                return false;
        }
    }

    /// <summary>Also where a guest has no lease, because it was restored or chose its address itself, its frames say where it is.</summary>
    private void Learn(in IpPacket packet, MacAddress from) => _neighbours.Learn(packet.Source, from, Loop.Now);

    private static bool HasValidChecksum(in IpPacket packet)
    {
        if (packet.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Icmp or IpProtocol.IcmpV6)) return true;
        if (packet.Protocol == IpProtocol.Udp && packet.Source.IsV4 && packet.Payload.Length >= UdpDatagram.HeaderLength && packet.Payload[6] == 0 && packet.Payload[7] == 0) return true;
        ulong sum = packet.Protocol == IpProtocol.Icmp ? 0 : PseudoHeader.Sum(packet.Source, packet.Destination, packet.Protocol, packet.Payload.Length);
        return InternetChecksum.Partial(InternetChecksum.Add(packet.Payload, sum)) == 0xffff;
    }

    private bool TakeUdp(in IpPacket packet, MacAddress from)
    {
        if (!UdpDatagram.TryRead(packet.Payload, out UdpDatagram datagram)) return false;
        if (datagram.DestinationPort == DhcpMessage.ServerPort && packet.Source.IsV4 && (packet.Destination == _config.GatewayV4 || packet.Destination.V4 == uint.MaxValue || packet.Destination.V4 == _config.BroadcastV4))
            return _dhcp.Take(datagram.Payload, from, Loop.Now);
        if (!_config.IsGuest(packet.Source) || packet.Destination.IsMulticast || datagram.SourcePort == 0) return false;
        Learn(packet, from);
        var key = new FlowKey(packet.Source, datagram.SourcePort, packet.Destination, datagram.DestinationPort);
        if (_config.IsDns(packet.Destination) && datagram.DestinationPort == 53)
            return _dns.Ask(datagram.Payload, stream: false, answer => UdpReplies.Send(Link, from, key, answer.AsSpan(0, Math.Min(answer.Length, UdpReplies.MaxDatagram - UdpDatagram.HeaderLength))));
        if (FindOrOpen(packet, key, IpProtocol.Udp, from) is not { } flow) return true;
        flow.Guest = from;
        flow.Send(datagram.Payload);
        return true;
    }

    private bool TakeEcho(in IpPacket packet, MacAddress from)
    {
        byte request = packet.Source.IsV4 ? IcmpReplies.EchoRequest : IcmpReplies.EchoRequestV6;
        if (packet.Payload.Length < IcmpReplies.HeaderLength || packet.Payload[0] != request || packet.Payload[1] != 0) return false;
        if (_config.IsOwn(packet.Destination))
        {
            _icmp.Echo(from, packet);
            return true;
        }

        var key = new FlowKey(packet.Source, (ushort)(packet.Payload[4] << 8 | packet.Payload[5]), packet.Destination, 0);
        FindOrOpen(packet, key, packet.Protocol, from)?.Send(packet.Payload);
        return true;
    }

    /// <summary>The flow of a datagram; if there can be none, the guest is told why.</summary>
    private DatagramFlow? FindOrOpen(in IpPacket packet, in FlowKey key, byte protocol, MacAddress from)
    {
        if (_datagrams.Find(key, protocol) is { } known) return known;
        IPAddress target = IPAddress.None;
        Verdict verdict = _config.IsDns(packet.Destination) ? Verdict.Refused : _judge.Judge(packet.Destination, key.RemotePort, out target);
        if (verdict != Verdict.Open)
        {
            Deny(packet, from, verdict);
            return null;
        }

        try
        {
            var end = new IPEndPoint(target, key.RemotePort);
            DatagramFlow flow = protocol == IpProtocol.Udp ? new UdpFlow(_datagrams, key, from, end) : new EchoFlow(_datagrams, key, from, end);
            _datagrams.Add(flow);
            return flow;
        }
        catch (SocketException exception)
        {
            Counters.FlowsRefused.Increment();
            _icmp.Send(from, packet, exception.SocketErrorCode switch
            {
                SocketError.NetworkUnreachable or SocketError.AddressFamilyNotSupported => Unreachable.Network,
                SocketError.HostUnreachable => Unreachable.Host,
                _ => Unreachable.Prohibited,
            });
            return null;
        }
    }

    private bool TakeTcp(in IpPacket packet, MacAddress from)
    {
        if (!TcpSegment.TryRead(packet.Payload, out TcpSegment segment)) return false;
        var key = new FlowKey(packet.Source, segment.SourcePort, packet.Destination, segment.DestinationPort);
        _gone.Remove(key);
        if (_tcp.TryTake(key, segment, from)) return true;
        if ((segment.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst | TcpFlags.Fin)) == TcpFlags.Syn) Open(packet, key, segment, from);
        else _tcp.Writer.Refuse(key, from, segment);
        return true;
    }

    private void Open(in IpPacket packet, in FlowKey key, in TcpSegment syn, MacAddress from)
    {
        bool dns = _config.IsDns(key.Remote);
        if (dns && key.RemotePort != 53)
        {
            _tcp.Writer.Refuse(key, from, syn);
            return;
        }

        IPAddress target = IPAddress.None;
        Verdict verdict = dns ? Verdict.Open : _judge.Judge(key.Remote, key.RemotePort, out target);
        if (verdict == Verdict.Refused)
        {
            Counters.FlowsDenied.Increment();
            _tcp.Writer.Refuse(key, from, syn);
            return;
        }

        if (verdict != Verdict.Open)
        {
            Deny(packet, from, verdict);
            return;
        }

        // A SYN for which there is no room is not answered: the guest sends it again, and there may be room then.
        if (!_tcp.HasRoom(connecting: !dns))
        {
            Counters.FlowsRefused.Increment();
            return;
        }

        try
        {
            IHostStream host = dns ? new DnsStream(_dns) : new SocketStream(new IPEndPoint(target, key.RemotePort), Loop);
            _tcp.Add(TcpConnection.FromGuest(_tcp, key, from, syn, host));
        }
        catch (SocketException)
        {
            Counters.FlowsRefused.Increment();
        }
    }

    private void Deny(in IpPacket packet, MacAddress from, Verdict verdict)
    {
        Counters.FlowsDenied.Increment();
        _icmp.Send(from, packet, verdict switch
        {
            Verdict.Nowhere => Unreachable.Host,
            Verdict.Refused => Unreachable.Port,
            _ => Unreachable.Prohibited,
        });
    }

    private void TellTcpFailure(FlowKey key, MacAddress guest, SocketError error, uint acknowledgement)
    {
        Unreachable? why = error switch
        {
            SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.AddressFamilyNotSupported => Unreachable.Network,
            SocketError.HostUnreachable or SocketError.HostDown or SocketError.TimedOut => Unreachable.Host,
            SocketError.AccessDenied => Unreachable.Prohibited,
            _ => null,
        };
        if (why is { } reason) _icmp.Send(guest, key, IpProtocol.Tcp, acknowledgement - 1, reason);
        else _tcp.Writer.TrySend(key, guest, new TcpHeader(0, acknowledgement, TcpFlags.Rst | TcpFlags.Ack, 0));
    }

    private MacAddress? Resolve(Address guest)
    {
        if (_neighbours.Find(guest) is { } known) return known;
        if (guest.IsV4) _arp.Ask(guest);
        else _discovery.Ask(guest);
        return null;
    }
}
