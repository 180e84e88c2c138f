using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Dns;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class ServicesTests
{
    private static readonly MacAddress Gateway = new(0x5255_0a00_0202);
    private static readonly UserNetworkConfig Open = new() { Policy = new NetworkPolicy { HostLoopback = true } };

    [Theory]
    [InlineData("10.0.2.2", true)]
    [InlineData("10.0.2.3", true)]
    [InlineData("10.0.2.15", false)]
    [InlineData("10.0.2.99", false)]
    public void Arp_request_is_answered_for_our_own_addresses_only(string wanted, bool answered)
    {
        using var guest = new FakeGuest();
        byte[] frame = new byte[42];
        IpWriter.WriteEthernet(frame, MacAddress.Broadcast, FakeGuest.OwnMac, EtherType.Arp);
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(14), 0x0001_0800_0604_0001);
        FakeGuest.OwnMac.Write(frame.AsSpan(22));
        guest.Own.Write(frame.AsSpan(28));
        FakeGuest.At(wanted).Write(frame.AsSpan(38));
        guest.SendRaw(frame);

        // What comes after is answered in any case.
        Ping(guest);
        byte[] first = guest.Expect(f => f[12] == 8);
        Assert.Equal(answered, first[13] == 6);
        if (!answered) return;
        Assert.Equal(2, first[21]);
        Assert.Equal(Gateway, MacAddress.Read(first.AsSpan(22)));
        Assert.Equal(FakeGuest.At(wanted), Address.ReadV4(first.AsSpan(28)));
    }

    [Theory]
    [InlineData("10.0.2.15", "10.0.2.2")]
    [InlineData("fec0::15", "fec0::2")]
    [InlineData("fe80::1:2", "fe80::2")]
    public void Ping_of_the_gateway_is_answered(string from, string to)
    {
        using var guest = new FakeGuest { Own = FakeGuest.At(from) };
        byte[] request = [(byte)(from.Contains(':') ? 128 : 8), 0, 0, 0, 0x12, 0x34, 0, 7, .. "some payload"u8];
        guest.SendIp(FakeGuest.At(to), from.Contains(':') ? IpProtocol.IcmpV6 : IpProtocol.Icmp, request);
        (Address source, byte[] reply) = guest.ExpectIp(from.Contains(':') ? IpProtocol.IcmpV6 : IpProtocol.Icmp, p => p[0] is 0 or 129);
        Assert.Equal(FakeGuest.At(to), source);
        Assert.Equal(request[4..], reply[4..]);
    }

    [Fact]
    public async Task Dhcp_client_gets_the_first_address_and_keeps_it()
    {
        using var guest = new FakeGuest();
        (byte kind, Address yours, _) = Dhcp(guest, DhcpKind.Discover);
        Assert.Equal((byte)DhcpKind.Offer, kind);
        Assert.Equal(FakeGuest.At("10.0.2.15"), yours);
        (kind, yours, Dictionary<byte, byte[]> options) = Dhcp(guest, DhcpKind.Request, requested: yours, name: "Web-1.example");
        Assert.Equal((byte)DhcpKind.Ack, kind);
        Assert.Equal([255, 255, 255, 0], options[1]);
        Assert.Equal([10, 0, 2, 2], options[3]);
        Assert.Equal([10, 0, 2, 3], options[6]);
        Assert.Equal("doppel", Encoding.ASCII.GetString(options[15]));

        // Another adapter gets another one, and the first the same again, also after it has let go.
        Dhcp(guest, DhcpKind.Release, wait: false);
        Assert.Equal(FakeGuest.At("10.0.2.16"), Dhcp(guest, DhcpKind.Discover, mac: new MacAddress(0x5254_0000_0002)).Yours);
        Assert.Equal(FakeGuest.At("10.0.2.15"), Dhcp(guest, DhcpKind.Discover).Yours);
        GuestLease lease = (await guest.Network.LeasesAsync())[0];
        Assert.Equal(("52:54:00:12:34:56", "10.0.2.15", "web-1"), (lease.HardwareAddress, lease.Address.ToString(), lease.HostName));
    }

    [Fact]
    public void Dhcp_client_that_was_restored_keeps_the_address_that_it_asks_for()
    {
        using var guest = new FakeGuest();
        (byte kind, Address yours, _) = Dhcp(guest, DhcpKind.Request, requested: FakeGuest.At("10.0.2.77"));
        Assert.Equal(((byte)DhcpKind.Ack, FakeGuest.At("10.0.2.77")), (kind, yours));

        // Nobody else gets it.
        Assert.Equal((byte)DhcpKind.Nak, Dhcp(guest, DhcpKind.Request, requested: FakeGuest.At("10.0.2.77"), mac: new MacAddress(0x5254_0000_0002)).Kind);
    }

    [Fact]
    public async Task Leases_outlive_the_gateway_in_their_file()
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "leases");
        await File.WriteAllTextAsync(file, "52:54:00:00:00:05 10.0.2.15 kept\nnonsense\n52:54:00:00:00:06 10.0.2.15\n52:54:00:00:00:07 192.168.1.1\n01:00:5e:00:00:01 10.0.2.16\n52:54:00:00:00:08 10.0.2.17 -bad\n", TestContext.Current.CancellationToken);
        var config = new UserNetworkConfig { LeaseFile = file, NameOf = mac => mac == FakeGuest.OwnMac ? "Box" : null };
        using (var guest = new FakeGuest(config))
        {
            // What makes no sense counts for nothing.
            Assert.Equal(["10.0.2.15 kept", "10.0.2.17 "], (await guest.Network.LeasesAsync()).Select(l => $"{l.Address} {l.HostName}"));
            Assert.Equal(FakeGuest.At("10.0.2.16"), Dhcp(guest, DhcpKind.Request, requested: FakeGuest.At("10.0.2.16"), name: "kept").Yours);
        }

        using var next = new FakeGuest(config);
        Assert.Equal(FakeGuest.At("10.0.2.16"), Dhcp(next, DhcpKind.Discover).Yours);
        Assert.Equal(FakeGuest.At("10.0.2.18"), Dhcp(next, DhcpKind.Discover, mac: new MacAddress(0x5254_0000_0009)).Yours);

        // It is called what it is known by, whatever it calls itself.
        Assert.Equal(["10.0.2.15 kept", "10.0.2.17 ", "10.0.2.16 box", "10.0.2.18 "], (await next.Network.LeasesAsync()).Select(l => $"{l.Address} {l.HostName}"));
    }

    [Fact]
    public async Task Leases_of_made_up_adapters_are_written_once_a_second_and_in_the_end()
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "leases");
        var time = new ManualTime();
        using (var guest = new FakeGuest(new UserNetworkConfig { LeaseFile = file, NetworkV6 = null }, time))
        {
            await AskAsync(guest, 1);
            Assert.Equal(1, Written());
            for (ulong number = 2; number <= 50; number++) await AskAsync(guest, number);
            Assert.Equal(1, Written());
            time.Advance(TimeSpan.FromSeconds(1));
            while (Written() < 50) await Task.Delay(5, TestContext.Current.CancellationToken);
            await AskAsync(guest, 51);
            Assert.Equal(50, Written());
        }

        Assert.Equal(51, Written());

        // The question is answered in the turn after the one that has given the lease.
        static async Task AskAsync(FakeGuest guest, ulong number)
        {
            Dhcp(guest, DhcpKind.Discover, mac: new MacAddress(0x5254_0001_0000 + number));
            await guest.Network.LeasesAsync();
        }

        int Written() => File.ReadAllLines(file).Length;
    }

    [Theory]
    [InlineData("10.0.2.2")]
    [InlineData("10.0.2.255")]
    [InlineData("192.168.1.1")]
    public void Dhcp_request_for_an_address_that_is_no_guests_is_refused(string wanted)
    {
        using var guest = new FakeGuest();
        Assert.Equal((byte)DhcpKind.Nak, Dhcp(guest, DhcpKind.Request, requested: FakeGuest.At(wanted)).Kind);
    }

    [Fact]
    public void Router_solicitation_is_answered_with_prefix_and_resolver()
    {
        using var guest = new FakeGuest { Own = FakeGuest.At("fe80::1234") };
        guest.SendIp(FakeGuest.At("ff02::2"), IpProtocol.IcmpV6, [133, 0, 0, 0, 0, 0, 0, 0], Address.GroupMac(FakeGuest.At("ff02::2")));
        byte[] message = guest.ExpectIp(IpProtocol.IcmpV6, p => p[0] == 134).Payload;
        Assert.Contains("fec0::", Options(message).Where(o => o[0] == 3).Select(o => Address.ReadV6(o.AsSpan(16)).ToString()));
        Assert.Contains("fec0::3", Options(message).Where(o => o[0] == 25).Select(o => Address.ReadV6(o.AsSpan(8)).ToString()));

        static IEnumerable<byte[]> Options(byte[] message)
        {
            for (int at = 16; at < message.Length; at += message[at + 1] * 8) yield return message[at..(at + message[at + 1] * 8)];
        }
    }

    [Theory]
    [InlineData("fec0::2")]
    [InlineData("fec0::3")]
    [InlineData("fe80::2")]
    public void Neighbour_solicitation_is_answered(string wanted)
    {
        using var guest = new FakeGuest { Own = FakeGuest.At("fec0::15") };
        byte[] message = new byte[32];
        message[0] = 135;
        FakeGuest.At(wanted).Write(message.AsSpan(8));
        (message[24], message[25]) = (1, 1);
        FakeGuest.OwnMac.Write(message.AsSpan(26));
        Address group = FakeGuest.At(wanted).SolicitedNode();
        guest.SendIp(group, IpProtocol.IcmpV6, message, Address.GroupMac(group));
        byte[] answer = guest.ExpectIp(IpProtocol.IcmpV6, p => p[0] == 136).Payload;
        Assert.Equal(FakeGuest.At(wanted), Address.ReadV6(answer.AsSpan(8)));
        Assert.Equal(Gateway, MacAddress.Read(answer.AsSpan(26)));
    }

    [Fact]
    public void Dns_name_of_a_guest_is_answered_and_so_is_its_address()
    {
        using var guest = new FakeGuest();
        Dhcp(guest, DhcpKind.Request, requested: FakeGuest.At("10.0.2.15"), name: "web");
        byte[] answer = Ask(guest, "WEB.doppel", DnsMessage.TypeA);
        Assert.Equal([FakeGuest.At("10.0.2.15")], DnsMessage.ReadAddresses(answer).Select(a => a.Address));
        answer = Ask(guest, "15.2.0.10.in-addr.arpa", DnsMessage.TypePtr);
        Assert.EndsWith("\u0003web\u0006doppel\0", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
        Assert.Equal((byte)DnsCode.NoSuchName, Ask(guest, "nobody.doppel", DnsMessage.TypeA)[3] & 15);
        Assert.Equal([guest.Config.GatewayV4], DnsMessage.ReadAddresses(Ask(guest, "gateway.doppel", DnsMessage.TypeA)).Select(a => a.Address));
    }

    [Fact]
    public void Dns_without_resolvers_fails_at_once()
    {
        using var guest = new FakeGuest(new UserNetworkConfig { ResolverFile = "/nonexistent" });
        Assert.Equal((byte)DnsCode.ServerFailure, Ask(guest, "example.org", DnsMessage.TypeA)[3] & 15);
    }

    [Fact]
    public void Dns_over_tcp_answers_several_questions()
    {
        using var guest = new FakeGuest();
        var tcp = new GuestTcp(guest, guest.Config.DnsV4, 53);
        tcp.Connect();
        byte[] query = Query("gateway.doppel", DnsMessage.TypeA);
        for (int i = 0; i < 40; i++) tcp.Send([0, (byte)query.Length, .. query]);
        tcp.Finish();
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal(40 * (2 + query.Length + 16), tcp.Received.Length);
        Assert.Equal([guest.Config.GatewayV4], DnsMessage.ReadAddresses(tcp.Received.AsSpan(2, query.Length + 16)).Select(a => a.Address));
    }

    [Fact]
    public async Task Udp_goes_both_ways_and_ends_when_idle()
    {
        var time = new ManualTime();
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var guest = new FakeGuest(Open, time);
        ushort port = (ushort)((IPEndPoint)server.Client.LocalEndPoint!).Port;
        guest.SendUdp(guest.Config.GatewayV4, 5000, port, "hello"u8);
        UdpReceiveResult got = await server.ReceiveAsync();
        Assert.Equal("hello"u8.ToArray(), got.Buffer);
        await server.SendAsync("answer"u8.ToArray(), got.RemoteEndPoint);
        (Address from, byte[] payload) = guest.ExpectIp(IpProtocol.Udp);
        Assert.Equal(guest.Config.GatewayV4, from);
        Assert.Equal("answer"u8.ToArray(), payload[8..]);
        Assert.Equal(1, (await guest.Network.FlowsAsync()).Datagrams);
        time.Advance(TimeSpan.FromMinutes(3));
        for (int i = 0; i < 200 && (await guest.Network.FlowsAsync()).Datagrams > 0; i++) await Task.Delay(10);
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Datagrams);
    }

    [Fact]
    public async Task Udp_answers_arrive_one_by_one_however_many()
    {
        using var guest = new FakeGuest(Open);
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        guest.SendUdp(guest.Config.GatewayV4, 5000, (ushort)((IPEndPoint)server.Client.LocalEndPoint!).Port, "hello"u8);
        UdpReceiveResult got = await server.ReceiveAsync();
        for (byte i = 0; i < 20; i++)
        {
            // Each comes when the one before has been passed on, and nothing has come from the guest since.
            await server.SendAsync(new byte[] { i, 1, 2 }, got.RemoteEndPoint);
            Assert.Equal([i, 1, 2], guest.ExpectIp(IpProtocol.Udp).Payload[8..]);
        }
    }

    [Fact]
    public async Task Udp_larger_than_a_packet_goes_both_ways_in_fragments()
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var guest = new FakeGuest(Open);
        ushort port = (ushort)((IPEndPoint)server.Client.LocalEndPoint!).Port;
        byte[] datagram = TcpTests.Bytes(8 + 4000, 1);
        new byte[] { 0x13, 0x88, (byte)(port >> 8), (byte)port, (byte)(datagram.Length >> 8), (byte)datagram.Length, 0, 0 }.CopyTo(datagram, 0);
        FakeGuest.WriteChecksum(datagram, guest.Own, guest.Config.GatewayV4, IpProtocol.Udp);
        for (int offset = 0; offset < datagram.Length; offset += 1480)
        {
            int count = Math.Min(1480, datagram.Length - offset);
            guest.SendIp(guest.Config.GatewayV4, IpProtocol.Udp, datagram.AsSpan(offset, count), checksum: false, fragment: (ushort)(offset / 8 | (offset + count < datagram.Length ? 0x2000 : 0)), id: 9);
        }

        UdpReceiveResult got = await server.ReceiveAsync();
        Assert.Equal(datagram[8..], got.Buffer);
        await server.SendAsync(got.Buffer, got.RemoteEndPoint);
        var reassembly = new Reassembly();
        byte[] whole = [];
        guest.Expect(frame => FakeGuest.TryRead(frame, out IpPacket packet) && packet.IsFragment && reassembly.TryComplete(packet, 0, out whole));
        Assert.Equal(got.Buffer, whole[8..]);
    }

    [Fact]
    public void Udp_to_a_closed_port_is_unreachable()
    {
        using var guest = new FakeGuest(Open);
        ushort port;
        using (var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0))) port = (ushort)((IPEndPoint)server.Client.LocalEndPoint!).Port;
        guest.SendUdp(guest.Config.GatewayV4, 5000, port, "hello"u8);
        byte[] message = guest.ExpectIp(IpProtocol.Icmp).Payload;
        Assert.Equal((3, 3), (message[0], message[1]));
        Assert.Equal(5000, BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(8 + 20)));
        Assert.Equal(port, BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(8 + 22)));
    }

    [Fact]
    public async Task Flood_of_udp_flows_is_bounded()
    {
        using var guest = new FakeGuest(Open with { Limits = new GatewayLimits { DatagramFlows = 50 } });
        for (int port = 1; port < 2000; port++) guest.SendUdp(guest.Config.GatewayV4, (ushort)port, 9, "x"u8);
        Assert.InRange((await guest.Network.FlowsAsync()).Datagrams, 0, 50);
    }

    [Fact]
    public void Hosts_loopback_is_closed_unless_opened()
    {
        using var guest = new FakeGuest();
        guest.SendUdp(guest.Config.GatewayV4, 5000, 5001, "hello"u8);
        Assert.Equal(3, guest.ExpectIp(IpProtocol.Icmp).Payload[1]);
        var tcp = new GuestTcp(guest, guest.Config.GatewayV4, 5001);
        tcp.Connect();
        Assert.True(tcp.IsReset);
    }

    [Fact]
    public void Destination_that_the_policy_closes_is_prohibited()
    {
        using var guest = new FakeGuest(new UserNetworkConfig { Policy = new NetworkPolicy { Restrict = true } });
        guest.SendTcp(new FlowKey(guest.Own, 5000, FakeGuest.At("192.0.2.1"), 80), 77, 0, TcpFlags.Syn);
        byte[] message = guest.ExpectIp(IpProtocol.Icmp).Payload;
        Assert.Equal((3, 13), (message[0], message[1]));
        Assert.Equal(77u, BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(8 + 24)));
        Assert.Equal((byte)DnsCode.Refused, Ask(guest, "example.org", DnsMessage.TypeA)[3] & 15);
    }

    private static void Ping(FakeGuest guest) => guest.SendIp(guest.Config.GatewayV4, IpProtocol.Icmp, [8, 0, 0, 0, 0, 1, 0, 1]);

    private static byte[] Query(string name, ushort type) => [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsMessage.EncodeName(name), (byte)(type >> 8), (byte)type, 0, 1];

    private static byte[] Ask(FakeGuest guest, string name, ushort type)
    {
        guest.SendUdp(guest.Config.DnsV4, 6000, 53, Query(name, type));
        (Address from, byte[] payload) = guest.ExpectIp(IpProtocol.Udp, p => p[1] == 53);
        Assert.Equal(guest.Config.DnsV4, from);
        Assert.Equal([0x12, 0x34], payload[8..10]);
        return payload[8..];
    }

    private static (byte Kind, Address Yours, Dictionary<byte, byte[]> Options) Dhcp(FakeGuest guest, DhcpKind kind, Address? requested = null, string? name = null, MacAddress? mac = null, bool wait = true)
    {
        MacAddress client = mac ?? FakeGuest.OwnMac;
        var options = new List<byte> { 53, 1, (byte)kind };
        if (requested is { } address) options.AddRange([50, 4, (byte)(address.V4 >> 24), (byte)(address.V4 >> 16), (byte)(address.V4 >> 8), (byte)address.V4]);
        if (name is not null) options.AddRange([12, (byte)name.Length, .. Encoding.ASCII.GetBytes(name)]);
        byte[] message = new byte[240 + options.Count + 1];
        (message[0], message[1], message[2]) = (1, 1, 6);
        client.Write(message.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(236), 0x6382_5363);
        options.CopyTo(message, 240);
        message[^1] = 255;

        byte[] datagram = new byte[8 + message.Length];
        BinaryPrimitives.WriteUInt64BigEndian(datagram, (68UL << 48) | (67UL << 32) | (uint)datagram.Length << 16);
        message.CopyTo(datagram, 8);
        byte[] frame = new byte[34 + datagram.Length];
        IpWriter.WriteEthernet(frame, MacAddress.Broadcast, client, EtherType.Ipv4);
        IpWriter.WriteIp(frame.AsSpan(14), Address.FromV4(0), Address.FromV4(uint.MaxValue), IpProtocol.Udp, datagram.Length);
        datagram.CopyTo(frame, 34);
        guest.SendRaw(frame);
        if (!wait) return default;
        byte[] reply = guest.ExpectIp(IpProtocol.Udp, p => p[1] == 67).Payload[8..];
        var found = new Dictionary<byte, byte[]>();
        for (int at = 240; reply[at] != 255; at += 2 + reply[at + 1]) found[reply[at]] = reply[(at + 2)..(at + 2 + reply[at + 1])];
        return (found[53][0], Address.ReadV4(reply.AsSpan(16)), found);
    }
}
