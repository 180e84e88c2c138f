using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>Echo requests of a guest to the outside, by a socket that may send nothing else and needs no rights, where the host allows such (<c>net.ipv4.ping_group_range</c>).</summary>
internal sealed class EchoFlow : SocketFlow
{
    public const long Idle = 30_000;

    public EchoFlow(DatagramTable table, in FlowKey key, MacAddress guest, IPEndPoint target)
        : base(table, key, key.Guest.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, guest, target, key.Guest.IsV4 ? ProtocolType.Icmp : ProtocolType.IcmpV6)
    {
    }

    protected override long IdleTime => Idle;

    /// <summary>The kernel puts an identifier of its own and the checksum in.</summary>
    protected override void SendTo(Socket socket, ReadOnlySpan<byte> payload, out SocketError error) => socket.Send(payload, SocketFlags.None, out error);

    protected override int ReceiveFrom(Socket socket, out SocketError error) => socket.Receive(Table.Link.Payload(Key.Guest.IsV4)[..UdpReplies.MaxDatagram], SocketFlags.None, out error);

    protected override void Deliver(int count)
    {
        Span<byte> message = Table.Link.Payload(Key.Guest.IsV4)[..count];
        if (count < IcmpReplies.HeaderLength || message[0] != (Key.Guest.IsV4 ? IcmpReplies.EchoReply : IcmpReplies.EchoReplyV6)) return;
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], Key.GuestPort);
        Table.Link.SendIcmp(Guest, Key.Remote, Key.Guest, count);
    }
}
