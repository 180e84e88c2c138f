using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Datagrams;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class ForwardTests
{
    [Fact]
    public async Task Connection_through_a_forward_reaches_the_guest()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { GuestPort = 80 });
        Assert.Equal([forward], guest.Network.Forwards);
        using var client = new TcpClient();
        Task connecting = client.ConnectAsync(IPAddress.Loopback, forward.HostPort);

        // The gateway asks where the guest is, then sends its SYN.
        byte[] request = guest.Expect(f => f[12] == 8 && f[13] == 6);
        Assert.Equal(guest.Own, Address.ReadV4(request.AsSpan(38)));
        guest.SendArpReply();
        (Address from, byte[] payload) = guest.ExpectIp(IpProtocol.Tcp);
        Assert.Equal(guest.Config.GatewayV4, from);
        Assert.True(TcpSegment.TryRead(payload, out TcpSegment syn));
        Assert.Equal((TcpFlags.Syn, 80), (syn.Flags, syn.DestinationPort));
        var key = new FlowKey(guest.Own, 80, guest.Config.GatewayV4, syn.SourcePort);
        uint next = syn.Sequence + 1;
        guest.SendTcp(key, 500, next, TcpFlags.Syn | TcpFlags.Ack, options: [2, 4, 5, 180]);
        await connecting;
        await client.GetStream().WriteAsync("GET"u8.ToArray());
        payload = guest.ExpectIp(IpProtocol.Tcp, p => TcpSegment.TryRead(p, out TcpSegment s) && s.Payload.Length > 0).Payload;
        Assert.Equal("GET"u8.ToArray(), payload[20..]);
        guest.SendTcp(key, 501, next + 3, TcpFlags.Ack | TcpFlags.Fin, payload: "page"u8);
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("page", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Guest_that_refuses_resets_the_hosts_client()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { GuestPort = 80 });
        guest.SendUdp(guest.Config.GatewayV4, 1, 1, []);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, forward.HostPort);
        (_, byte[] payload) = guest.ExpectIp(IpProtocol.Tcp);
        Assert.True(TcpSegment.TryRead(payload, out TcpSegment syn));
        guest.SendTcp(new FlowKey(guest.Own, 80, guest.Config.GatewayV4, syn.SourcePort), 0, syn.Sequence + 1, TcpFlags.Rst | TcpFlags.Ack);
        await Assert.ThrowsAnyAsync<IOException>(async () => await client.GetStream().ReadExactlyAsync(new byte[1]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Guest_isAsked_whetherItTakesConnections(bool takes)
    {
        using var guest = new FakeGuest();
        guest.SendUdp(guest.Config.GatewayV4, 1, 1, []);
        Task<bool> asking = guest.Network.TakesConnectionsAsync(80, TimeSpan.FromSeconds(20));
        (_, byte[] payload) = guest.ExpectIp(IpProtocol.Tcp);
        Assert.True(TcpSegment.TryRead(payload, out TcpSegment syn));
        var key = new FlowKey(guest.Own, 80, guest.Config.GatewayV4, syn.SourcePort);
        uint next = syn.Sequence + 1;
        guest.SendTcp(key, 500, next, (takes ? TcpFlags.Syn : TcpFlags.Rst) | TcpFlags.Ack);
        Assert.Equal(takes, await asking);
        if (!takes) return;

        // The connection ends in order, at once.
        guest.ExpectIp(IpProtocol.Tcp, p => TcpSegment.TryRead(p, out TcpSegment s) && (s.Flags & TcpFlags.Fin) != 0);
        guest.SendTcp(key, 501, next + 1, TcpFlags.Ack | TcpFlags.Fin);
        Assert.Empty(guest.Network.Forwards);
    }

    [Fact]
    public async Task Guest_thatIsNotThere_takesNoConnections()
    {
        using var guest = new FakeGuest();
        Assert.False(await guest.Network.TakesConnectionsAsync(80, TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task Datagrams_through_a_forward_go_both_ways()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { Protocol = ForwardProtocol.Udp, GuestPort = 53 });
        guest.SendArpReply();
        await guest.Network.FlowsAsync();
        using var client = new UdpClient();
        await client.SendAsync("question"u8.ToArray(), new IPEndPoint(IPAddress.Loopback, forward.HostPort));
        (Address from, byte[] payload) = guest.ExpectIp(IpProtocol.Udp);
        Assert.Equal("question"u8.ToArray(), payload[8..]);
        guest.SendUdp(from, 53, (ushort)(payload[0] << 8 | payload[1]), "answer"u8);
        Assert.Equal("answer"u8.ToArray(), (await client.ReceiveAsync()).Buffer);
    }

    [Fact]
    public async Task Datagrams_of_several_clients_arrive_one_by_one()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { Protocol = ForwardProtocol.Udp, GuestPort = 53 });
        guest.SendArpReply();
        await guest.Network.FlowsAsync();
        using UdpClient one = new(), two = new();
        var end = new IPEndPoint(IPAddress.Loopback, forward.HostPort);
        for (byte i = 0; i < 20; i++)
        {
            UdpClient client = i % 2 == 0 ? one : two;
            await client.SendAsync(new byte[] { i, 1, 2 }, end);
            (Address from, byte[] payload) = guest.ExpectIp(IpProtocol.Udp);
            Assert.Equal([i, 1, 2], payload[8..]);
            guest.SendUdp(from, 53, (ushort)(payload[0] << 8 | payload[1]), [i]);
            Assert.Equal([i], (await client.ReceiveAsync()).Buffer);
        }

        Assert.Equal(2, (await guest.Network.FlowsAsync()).Datagrams);
    }

    [Fact]
    public async Task Datagrams_wait_in_order_while_the_guest_has_no_room()
    {
        const int Count = 400;
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { Protocol = ForwardProtocol.Udp, GuestPort = 53 });
        guest.SendArpReply();
        await guest.Network.FlowsAsync();
        guest.Full = true;
        using var client = new UdpClient();
        for (int i = 0; i < Count; i++)
        {
            // One of them is empty.
            byte[] datagram = i == 7 ? [] : BitConverter.GetBytes(i);
            await client.SendAsync(datagram, new IPEndPoint(IPAddress.Loopback, forward.HostPort));
            if (i % 50 == 0) await guest.Network.FlowsAsync();
        }

        guest.Full = false;
        for (int i = 0; i < Count; i++) Assert.Equal(i == 7 ? [] : BitConverter.GetBytes(i), guest.ExpectIp(IpProtocol.Udp).Payload[8..]);
    }

    [Fact]
    public async Task Datagrams_wait_while_the_guest_is_behind_and_other_frames_do_not()
    {
        const int Count = 200;
        var time = new ManualTime();
        using var guest = new FakeGuest(new UserNetworkConfig { NetworkV6 = null }, time);
        PortForward forward = guest.Network.AddForward(new PortForward { Protocol = ForwardProtocol.Udp, GuestPort = 53 });
        guest.SendArpReply();
        await guest.Network.FlowsAsync();
        guest.IsBehind = true;
        using var client = new UdpClient();
        for (int i = 0; i < Count; i++) await client.SendAsync(BitConverter.GetBytes(i), new IPEndPoint(IPAddress.Loopback, forward.HostPort));
        Assert.Null(guest.Receive(TimeSpan.FromMilliseconds(100)));
        guest.SendIp(guest.Config.GatewayV4, IpProtocol.Icmp, [8, 0, 0xf7, 0xff, 0, 0, 0, 0]);
        guest.ExpectIp(IpProtocol.Icmp, p => p[0] == 0);

        // If it is always behind, some are handed over all the same, some time after the gateway has first wanted to.
        Assert.True(SpinWait.SpinUntil(() => guest.HasBeenAsked, TimeSpan.FromSeconds(20)));
        await guest.Network.FlowsAsync();
        time.Advance(TimeSpan.FromMilliseconds(GuestPatience.Pause));
        int next = 0;
        for (; next < GuestPatience.Burst; next++) ExpectNumber();
        Assert.Null(guest.Receive(TimeSpan.FromMilliseconds(100)));
        guest.IsBehind = false;
        for (; next < Count; next++) ExpectNumber();

        void ExpectNumber() => Assert.Equal(BitConverter.GetBytes(next), guest.ExpectIp(IpProtocol.Udp).Payload[8..]);
    }

    [Fact]
    public async Task Forward_that_was_removed_listens_no_longer()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { GuestPort = 80 });
        guest.Network.RemoveForward(forward);
        Assert.Empty(guest.Network.Forwards);
        using var client = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(IPAddress.Loopback, forward.HostPort));
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => guest.Network.RemoveForward(forward)).Kind);
    }

    [Fact]
    public void Port_in_use_is_named()
    {
        using var guest = new FakeGuest();
        PortForward forward = guest.Network.AddForward(new PortForward { GuestPort = 80 });
        var exception = Assert.Throws<DoppelException>(() => guest.Network.AddForward(forward));
        Assert.Equal(ErrorKind.WrongState, exception.Kind);
        Assert.Contains($"{forward.HostPort}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Guest_address_of_another_network_is_refused()
    {
        using var guest = new FakeGuest();
        var exception = Assert.Throws<DoppelException>(() => guest.Network.AddForward(new PortForward { GuestPort = 80, GuestAddress = IPAddress.Parse("192.168.0.1") }));
        Assert.Equal(ErrorKind.Usage, exception.Kind);
    }

    [Theory]
    [InlineData("80", "127.0.0.1:0:80/tcp")]
    [InlineData("8080:80", "127.0.0.1:8080:80/tcp")]
    [InlineData("0:80/tcp", "127.0.0.1:0:80/tcp")]
    [InlineData("0.0.0.0:5353:53/udp", "0.0.0.0:5353:53/udp")]
    [InlineData("[::1]:2222:22", "[::1]:2222:22/tcp")]
    [InlineData("8080:10.0.2.16:80", "127.0.0.1:8080:10.0.2.16:80/tcp")]
    [InlineData("[::]:8080:[fec0::15]:80/udp", "[::]:8080:[fec0::15]:80/udp")]
    public void Text_is_read_and_written(string text, string written)
    {
        PortForward forward = PortForward.Parse(text);
        Assert.Equal(written, forward.ToString());
        Assert.Equal(forward, PortForward.Parse(written));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("8080:")]
    [InlineData(":80")]
    [InlineData("8080:0")]
    [InlineData("65536:80")]
    [InlineData("8080:80/sctp")]
    [InlineData("1.2.3.400:8080:80")]
    [InlineData("8080:80:90")]
    [InlineData("[::1:8080:80")]
    [InlineData("::1:8080:80")]
    public void Text_that_is_no_forward_is_refused(string text) => Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => PortForward.Parse(text)).Kind);
}
