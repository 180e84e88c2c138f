// RFC 792: Internet Control Message Protocol; RFC 4443: the same for IPv6.
using System.Buffers.Binary;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

internal enum Unreachable
{
    Network,
    Host,
    Port,
    Prohibited,
}

/// <summary>What the gateway itself says by ICMP: echoes, and why something does not get through.</summary>
internal sealed class IcmpReplies(UserNetworkConfig config, GuestLink link)
{
    public const byte EchoReply = 0;
    public const byte EchoRequest = 8;
    public const byte EchoRequestV6 = 128;
    public const byte EchoReplyV6 = 129;
    public const int HeaderLength = 8;

    /// <summary>RFC 1812, section 4.3.2.3, and RFC 4443, section 3.1: as much of the packet as fits into the smallest MTU.</summary>
    private const int MaxQuoteV4 = 548;

    private const int MaxQuoteV6 = 1232;

    /// <summary>Answers an echo request to one of our own addresses.</summary>
    public void Echo(MacAddress to, in IpPacket request)
    {
        Span<byte> message = link.Payload(request.Source.IsV4)[..request.Payload.Length];
        request.Payload.CopyTo(message);
        message[0] = request.Source.IsV4 ? EchoReply : EchoReplyV6;
        link.SendIcmp(to, request.Destination, request.Source, message.Length);
    }

    /// <summary>Tells the sender of a packet why it went nowhere.</summary>
    public void Send(MacAddress to, in IpPacket packet, Unreachable why) => Send(to, packet.Source, packet.Whole, why);

    /// <summary>The same for a flow whose packets are gone: only what a guest looks at is quoted, the ports and, of TCP, the sequence number.</summary>
    public void Send(MacAddress to, in FlowKey key, byte protocol, uint sequence, Unreachable why)
    {
        int header = key.Guest.IsV4 ? IpPacket.HeaderV4 : IpPacket.HeaderV6;
        Span<byte> quote = stackalloc byte[header + 8];
        IpWriter.WriteIp(quote, key.Guest, key.Remote, protocol, 8);
        BinaryPrimitives.WriteUInt16BigEndian(quote[header..], key.GuestPort);
        BinaryPrimitives.WriteUInt16BigEndian(quote[(header + 2)..], key.RemotePort);
        BinaryPrimitives.WriteUInt32BigEndian(quote[(header + 4)..], protocol == IpProtocol.Tcp ? sequence : 8u << 16);
        Send(to, key.Guest, quote, why);
    }

    private void Send(MacAddress to, in Address guest, ReadOnlySpan<byte> quote, Unreachable why)
    {
        Address? own = guest.IsV4 ? config.GatewayV4 : config.GatewayV6;
        if (own is not { } from) return;
        quote = quote[..Math.Min(quote.Length, guest.IsV4 ? MaxQuoteV4 : MaxQuoteV6)];
        Span<byte> message = link.Payload(guest.IsV4)[..(HeaderLength + quote.Length)];
        message[..HeaderLength].Clear();
        (message[0], message[1]) = guest.IsV4 ? ((byte)3, CodeV4(why)) : ((byte)1, CodeV6(why));
        quote.CopyTo(message[HeaderLength..]);
        link.SendIcmp(to, from, guest, message.Length);
    }

    private static byte CodeV4(Unreachable why) => why switch
    {
        Unreachable.Network => 0,
        Unreachable.Host => 1,
        Unreachable.Port => 3,
        _ => 13,
    };

    private static byte CodeV6(Unreachable why) => why switch
    {
        Unreachable.Network => 0,
        Unreachable.Host => 3,
        Unreachable.Port => 4,
        _ => 1,
    };
}
