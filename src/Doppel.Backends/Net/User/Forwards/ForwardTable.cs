using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Datagrams;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Errors;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>The ports of the host that lead to guests. Added and removed from any thread; what comes in is served on the loop's thread.</summary>
internal sealed class ForwardTable(UserNetworkConfig config, EventLoop loop, TcpTable tcp, DatagramTable datagrams, Func<Address, MacAddress?> resolve) : IDisposable
{
    /// <summary>Ports of the gateway from which guests see connections come (RFC 6335, section 6).</summary>
    private const int FirstPort = 49_152;

    private const int PortCount = 16_384;
    private readonly Lock _lock = new();
    private readonly List<IForwardListener> _listeners = [];
    private readonly Dictionary<(UdpListenerForward, SocketAddress), ForwardedUdpFlow> _udp = [];
    private bool _disposed;

    public IReadOnlyList<PortForward> All
    {
        get
        {
            lock (_lock) return [.. _listeners.Select(l => l.Forward)];
        }
    }

    /// <summary>Listens from now on.</summary>
    /// <returns>With the port that was found.</returns>
    public PortForward Add(PortForward forward)
    {
        UserNetworkCheck.Check(config, forward);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_listeners.Count >= config.Limits.Forwards) throw new DoppelException(ErrorKind.InsufficientResources, $"there are {_listeners.Count} port forwards already, and no more are possible", "remove one");
            try
            {
                IForwardListener listener = forward.Protocol == ForwardProtocol.Tcp ? new TcpListenerForward(forward, Accepted) : new UdpListenerForward(forward, datagrams, Deliver);
                _listeners.Add(listener);
                listener.Start();
                return listener.Forward;
            }
            catch (SocketException exception)
            {
                throw Explain(forward, exception);
            }
        }
    }

    /// <summary>Listens no longer; connections that exist go on.</summary>
    public bool Remove(PortForward forward)
    {
        lock (_lock)
        {
            IForwardListener? listener = _listeners.Find(l => l.Forward.Protocol == forward.Protocol && l.Forward.HostPort == forward.HostPort && l.Forward.HostAddress.Equals(forward.HostAddress));
            if (listener is null) return false;
            _listeners.Remove(listener);
            listener.Dispose();
            return true;
        }
    }

    /// <summary>Asks the first guest whether it takes a TCP connection. On any thread.</summary>
    public Task<bool> ProbeAsync(ushort port)
    {
        var probe = new ConnectProbe();
        loop.Post(() =>
        {
            Address guest = Address.From(config.FirstGuest);
            if (tcp.HasRoom(connecting: false) && FreeKey(guest, port, tcp.Contains) is { } key) tcp.Add(TcpConnection.ToGuest(tcp, key, probe));
            else probe.Abort();
        });
        return probe.Taken;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (IForwardListener listener in _listeners) listener.Dispose();
            _listeners.Clear();
        }
    }

    private static DoppelException Explain(PortForward forward, SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new DoppelException(ErrorKind.WrongState, $"port {forward.HostPort}/{Name(forward)} of {forward.HostAddress} is already in use", "another port, or 0 for any that is free", exception),
        SocketError.AccessDenied => new DoppelException(ErrorKind.Denied, $"port {forward.HostPort}/{Name(forward)} may not be used by this user", "a port above 1023", exception),
        SocketError.AddressNotAvailable => new DoppelException(ErrorKind.Usage, $"{forward.HostAddress} is no address of this host", "127.0.0.1, or 0.0.0.0 for all of them", exception),
        _ => new DoppelException(ErrorKind.Failed, $"port {forward.HostPort}/{Name(forward)} of {forward.HostAddress}: {exception.Message}", null, exception),
    };

    private static string Name(PortForward forward) => forward.Protocol == ForwardProtocol.Tcp ? "tcp" : "udp";

    private Address GuestOf(PortForward forward) => Address.From(forward.GuestAddress ?? config.FirstGuest);

    private Address GatewayFor(in Address guest) => guest.IsV4 ? config.GatewayV4 : config.GatewayV6 ?? UserNetworkConfig.RouterV6;

    private void Accepted(PortForward forward, Socket socket) => loop.Post(() =>
    {
        var stream = new SocketStream(socket, loop);
        Address guest = GuestOf(forward);
        if (!tcp.HasRoom(connecting: false) || FreeKey(guest, forward.GuestPort, tcp.Contains) is not { } key)
        {
            stream.Abort();
            return;
        }

        tcp.Add(TcpConnection.ToGuest(tcp, key, stream));
    });

    /// <summary>Passes on one datagram. It is lost where nobody knows yet where the guest is.</summary>
    private void Deliver(UdpListenerForward listener)
    {
        Address guest = GuestOf(listener.Forward);
        int length = listener.Receive(datagrams.Link.Payload(guest.IsV4)[UdpDatagram.HeaderLength..UdpReplies.MaxDatagram], out SocketAddress peer);
        if (resolve(guest) is not { } mac) return;
        if (!_udp.TryGetValue((listener, peer), out ForwardedUdpFlow? flow) || datagrams.Find(flow.Key, flow.Protocol) != flow)
        {
            if (FreeKey(guest, listener.Forward.GuestPort, k => datagrams.Find(k, IpProtocol.Udp) is not null) is not { } key) return;
            if (_udp.Count >= 2 * config.Limits.DatagramFlows) ForgetEnded();
            var known = new SocketAddress(peer.Family, peer.Size);
            peer.Buffer.Span[..peer.Size].CopyTo(known.Buffer.Span);
            flow = new ForwardedUdpFlow(datagrams, key, mac, listener, known);
            _udp[(listener, known)] = flow;
            datagrams.Add(flow);
        }

        flow.Guest = mac;
        flow.Deliver(length);
    }

    private void ForgetEnded()
    {
        foreach (var entry in _udp.Where(e => datagrams.Find(e.Value.Key, e.Value.Protocol) != e.Value).ToArray()) _udp.Remove(entry.Key);
    }

    /// <summary>A port of the gateway that has no flow to that port of the guest.</summary>
    private FlowKey? FreeKey(Address guest, ushort guestPort, Func<FlowKey, bool> isTaken)
    {
        int first = Random.Shared.Next(PortCount);
        for (int i = 0; i < PortCount; i++)
        {
            var key = new FlowKey(guest, guestPort, GatewayFor(guest), (ushort)(FirstPort + (first + i) % PortCount));
            if (!isTaken(key)) return key;
        }

        return null;
    }
}
