using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>UDP that a guest has begun.</summary>
internal sealed class UdpFlow : SocketFlow
{
    /// <summary>RFC 4787, requirement 5: at least two minutes, less for ports whose use is known.</summary>
    public const long Idle = 120_000;

    public const long IdleDns = 10_000;

    public UdpFlow(DatagramTable table, in FlowKey key, MacAddress guest, IPEndPoint target)
        : base(table, key, IpProtocol.Udp, guest, target, ProtocolType.Udp)
    {
    }

    protected override long IdleTime => Key.RemotePort == 53 ? IdleDns : Idle;

    protected override void SendTo(Socket socket, ReadOnlySpan<byte> payload, out SocketError error) => socket.Send(payload, SocketFlags.None, out error);

    protected override int ReceiveFrom(Socket socket, out SocketError error) =>
        socket.Receive(Table.Link.Payload(Key.Guest.IsV4)[UdpDatagram.HeaderLength..UdpReplies.MaxDatagram], SocketFlags.None, out error);

    protected override void Deliver(int count) => UdpReplies.Send(Table.Link, Guest, Key, count);
}

/// <summary>Sends UDP to the guest.</summary>
internal static class UdpReplies
{
    /// <summary>Header and payload of the largest datagram.</summary>
    public const int MaxDatagram = 65_535 - IpPacket.HeaderV4;

    /// <summary>Sends a datagram whose payload is in its place already.</summary>
    public static void Send(Loop.GuestLink link, MacAddress guest, in FlowKey key, int payloadLength)
    {
        Span<byte> datagram = link.Payload(key.Guest.IsV4);
        int length = UdpDatagram.HeaderLength + payloadLength;
        BinaryPrimitives.WriteUInt16BigEndian(datagram, key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], key.GuestPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)length);
        link.SendUdp(guest, key.Remote, key.Guest, length);
    }

    public static void Send(Loop.GuestLink link, MacAddress guest, in FlowKey key, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(link.Payload(key.Guest.IsV4)[UdpDatagram.HeaderLength..]);
        Send(link, guest, key, payload.Length);
    }
}
