using System.Buffers.Binary;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Dns;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;
using Doppel.Fuzz.Inputs;

namespace Doppel.Fuzz.Net;

/// <summary>Readers of what comes from guests and from resolvers. None may throw anything.</summary>
internal static class WireTargets
{
    public static IEnumerable<InputTarget> All { get; } =
    [
        new("ip", [Udp("10.0.2.15", "10.0.2.2", new byte[40]), Udp("fec0::15", "fec0::2", new byte[40])], ReadIp, _ => false),
        new("tcp", [Tcp()], ReadTcp, _ => false),
        new("arp", [Arp()], ReadArp, _ => false),
        new("dhcp", [Dhcp()], ReadDhcp, _ => false),
        new("dns", [Query(), Response()], ReadDns, _ => false),
    ];

    /// <summary>A packet with a UDP datagram.</summary>
    public static byte[] Udp(string from, string to, byte[] payload, ushort port = 53)
    {
        byte[] datagram = [0x13, 0x88, (byte)(port >> 8), (byte)port, (byte)((payload.Length + 8) >> 8), (byte)(payload.Length + 8), 0, 0, .. payload];
        return Packet(from, to, IpProtocol.Udp, datagram);
    }

    public static byte[] Packet(string from, string to, byte protocol, byte[] payload)
    {
        Address source = At(from);
        byte[] packet = new byte[(source.IsV4 ? IpPacket.HeaderV4 : IpPacket.HeaderV6) + payload.Length];
        IpWriter.WriteIp(packet, source, At(to), protocol, payload.Length, hops: 255);
        payload.CopyTo(packet, packet.Length - payload.Length);
        return packet;
    }

    public static byte[] Tcp()
    {
        byte[] segment = [0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 2, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 0, 0];
        return segment;
    }

    public static byte[] Arp() => [0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2];

    public static byte[] Dhcp()
    {
        byte[] message = new byte[280];
        (message[0], message[1], message[2]) = (1, 1, 6);
        new MacAddress(0x5254_0012_3456).Write(message.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(236), 0x6382_5363);
        ((byte[])[53, 1, 3, 50, 4, 10, 0, 2, 15, 12, 3, (byte)'w', (byte)'e', (byte)'b', 54, 4, 10, 0, 2, 2, 255]).CopyTo(message, 240);
        return message;
    }

    public static byte[] Query() => [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsMessage.EncodeName("gateway.doppel"), 0, 1, 0, 1];

    private static byte[] Response()
    {
        byte[] query = Query();
        return DnsMessage.TryReadQuery(query, out DnsQuestion question) ? DnsMessage.Answer(query, question, DnsCode.Ok, [10, 0, 2, 2], [10, 0, 2, 3]) : [];
    }

    private static Address At(string text) => Address.From(System.Net.IPAddress.Parse(text));

    private static void ReadIp(byte[] input)
    {
        // Half of the damaged headers are given a right checksum, so that what is behind it is seen.
        if (input.Length > IpPacket.HeaderV4 && input[0] >> 4 == 4 && (input[0] & 15) * 4 is >= IpPacket.HeaderV4 and int header && header <= input.Length && input[^1] % 2 == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(input.AsSpan(10), 0);
            BinaryPrimitives.WriteUInt16BigEndian(input.AsSpan(10), InternetChecksum.Finish(InternetChecksum.Add(input.AsSpan(0, header))));
        }

        var reassembly = new Reassembly();
        if (IpPacket.TryReadV4(input, out IpPacket packet) || IpPacket.TryReadV6(input, out packet))
        {
            if (packet.IsFragment) reassembly.TryComplete(packet, 0, out _);
            UdpDatagram.TryRead(packet.Payload, out _);
            TcpSegment.TryRead(packet.Payload, out _);
        }
    }

    private static void ReadTcp(byte[] input)
    {
        if (TcpSegment.TryRead(input, out TcpSegment segment) && segment.Payload.Length > input.Length) throw new InvalidOperationException("A segment is longer than its packet.");
    }

    private static void ReadArp(byte[] input)
    {
        var counters = new GatewayCounters();
        new Arp(new UserNetworkConfig(), new GuestLink(default, counters), new NeighbourTable(4)).Take(input, 0);
    }

    private static void ReadDhcp(byte[] input)
    {
        var config = new UserNetworkConfig();
        if (!DhcpMessage.TryRead(input, out DhcpMessage message)) return;
        var leases = new LeaseTable(config, new DeadlineQueue(), _ => { });
        if (leases.Take(message.Client, message.Requested, 0) is { } lease && !config.IsGuest(lease.Address)) throw new InvalidOperationException($"A client was given {lease.Address}.");
        if (message.HostName.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')) throw new InvalidOperationException("A host name is not one.");
        message.WriteReply(new byte[1500], config.GatewayV4, config.GatewayV4, new byte[100]);
    }

    private static void ReadDns(byte[] input)
    {
        if (DnsMessage.TryReadQuery(input, out DnsQuestion question))
        {
            if (question.Name.Length > 255 || question.Name.Any(char.IsControl)) throw new InvalidOperationException("A name is not one.");
            DnsMessage.Answer(input, question, DnsCode.Refused);
            DnsMessage.IsResponse(input, 0x1234, question);
        }

        DnsMessage.ReadAddresses(input);
    }
}
