using System.Net;
using Doppel.Backends.Net.User.Datagrams;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>UDP that somebody on the host has begun: the guest sees it come from a port of the gateway.</summary>
internal sealed class ForwardedUdpFlow(DatagramTable table, FlowKey key, MacAddress guest, UdpListenerForward listener, SocketAddress peer) : DatagramFlow(table, key, IpProtocol.Udp, guest)
{
    protected override long IdleTime => UdpFlow.Idle;

    public override void Send(ReadOnlySpan<byte> payload)
    {
        Used();
        listener.Answer(peer, payload);
    }

    /// <summary>Passes a datagram of the peer, which is in its place already, to the guest.</summary>
    public void Deliver(int payloadLength)
    {
        Used();
        UdpReplies.Send(Table.Link, Guest, Key, payloadLength);
    }

    public override bool Pump() => false;

    public override void Close()
    {
    }
}
