// RFC 2131, section 4.3: what a server answers.
using System.Buffers.Binary;
using System.Text;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>Gives guests their addresses.</summary>
internal sealed class DhcpServer(UserNetworkConfig config, GuestLink link, LeaseTable leases, NeighbourTable neighbours)
{
    /// <returns>Whether it made sense.</returns>
    public bool Take(ReadOnlySpan<byte> datagram, MacAddress from, long now)
    {
        if (!DhcpMessage.TryRead(datagram, out DhcpMessage message) || message.Client != from) return false;
        switch (message.Kind)
        {
            case DhcpKind.Discover when leases.Take(message.Client, message.Requested, now) is { } lease:
                Reply(message, DhcpKind.Offer, lease.Address);
                return true;
            case DhcpKind.Request:
                Request(message, now);
                return true;
            case DhcpKind.Decline:
                leases.Decline(message.Client);
                return true;
            case DhcpKind.Inform:
                Reply(message, DhcpKind.Ack, Address.FromV4(0));
                return true;

            // The address stays the client's, so that it gets the same one when it comes back.
            default:
                return message.Kind == DhcpKind.Release;
        }
    }

    private void Request(in DhcpMessage message, long now)
    {
        // It has chosen another server.
        if (message.Server is { } server && server != config.GatewayV4) return;
        Address wanted = message.Requested ?? message.Current;

        // A machine that was restored asks for the address that it still has, of a gateway that has never seen it.
        Lease? lease = leases.Find(message.Client) ?? leases.Take(message.Client, wanted, now);
        if (lease is null || lease.Address != wanted)
        {
            Reply(message, DhcpKind.Nak, Address.FromV4(0));
            return;
        }

        leases.Take(message.Client, null, now);
        leases.Name(lease, message.HostName);
        neighbours.Learn(lease.Address, message.Client, now);
        Reply(message, DhcpKind.Ack, lease.Address);
    }

    private void Reply(in DhcpMessage message, DhcpKind kind, in Address yours)
    {
        Span<byte> options = stackalloc byte[160];
        int length = WriteOptions(options, kind, leases: message.Kind != DhcpKind.Inform);
        Span<byte> datagram = link.Payload(true);
        int count = message.WriteReply(datagram[UdpDatagram.HeaderLength..], yours, config.GatewayV4, options[..length]);
        BinaryPrimitives.WriteUInt16BigEndian(datagram, DhcpMessage.ServerPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], DhcpMessage.ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)(UdpDatagram.HeaderLength + count));
        bool broadcast = kind == DhcpKind.Nak || (message.Broadcast && message.Current.IsUnspecified);
        Address to = broadcast ? Address.FromV4(uint.MaxValue) : message.Current.IsUnspecified ? yours : message.Current;
        link.SendUdp(broadcast ? MacAddress.Broadcast : message.Client, config.GatewayV4, to, UdpDatagram.HeaderLength + count);
    }

    private int WriteOptions(Span<byte> options, DhcpKind kind, bool leases)
    {
        int length = 0;
        Add(options, ref length, 53, [(byte)kind]);
        AddAddress(options, ref length, 54, config.GatewayV4);
        if (kind == DhcpKind.Nak) return length;
        if (leases)
        {
            AddNumber(options, ref length, 51, LeaseTable.Seconds);
            AddNumber(options, ref length, 58, LeaseTable.Seconds / 2);
            AddNumber(options, ref length, 59, LeaseTable.Seconds / 8 * 7);
        }

        AddNumber(options, ref length, 1, config.Mask);
        AddAddress(options, ref length, 3, config.GatewayV4);
        AddAddress(options, ref length, 6, config.DnsV4);
        Add(options, ref length, 15, Encoding.ASCII.GetBytes(config.Domain));
        Add(options, ref length, 26, [GuestLink.Mtu >> 8, GuestLink.Mtu & 0xff]);
        AddNumber(options, ref length, 28, config.BroadcastV4);
        return length;
    }

    private static void Add(Span<byte> options, ref int length, byte code, ReadOnlySpan<byte> value)
    {
        (options[length], options[length + 1]) = (code, (byte)value.Length);
        value.CopyTo(options[(length + 2)..]);
        length += 2 + value.Length;
    }

    private static void AddNumber(Span<byte> options, ref int length, byte code, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(options, ref length, code, bytes);
    }

    private static void AddAddress(Span<byte> options, ref int length, byte code, in Address address) => AddNumber(options, ref length, code, address.V4);
}
