using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class TcpTests : IDisposable
{
    private static readonly UserNetworkConfig Open = new() { Policy = new NetworkPolicy { HostLoopback = true } };
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public TcpTests() => _server.Start();

    private ushort Port => (ushort)((IPEndPoint)_server.LocalEndpoint).Port;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Connection_data_both_ways_arrives()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        byte[] up = Bytes(300_000, 1);
        byte[] down = Bytes(1_000_000, 2);
        tcp.Send(up);
        tcp.Finish();
        Task<byte[]> received = ReadAllAsync(host);
        Task sending = SendAllAsync(host, down);
        tcp.PumpUntil(() => tcp.PeerEnded && tcp.AllAcknowledged);
        Assert.Equal(down, tcp.Received);
        Assert.Equal(up, await received);
        await sending;
        host.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_with_loss_repetition_and_reordering_arrives_whole(bool offload)
    {
        using var guest = new FakeGuest(Open);
        if (!offload) guest.Accepts = default;
        var random = new Random(7);
        guest.Arrivals = _ => random.Next(100) switch
        {
            < 5 => 0,
            < 10 => 2,
            _ => 1,
        };
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        byte[] down = Bytes(offload ? 120_000 : 30_000, 3);
        Task sending = SendAllAsync(host, down);
        tcp.PumpUntil(() => tcp.PeerEnded, 60);
        Assert.Equal(down, tcp.Received);
        await sending;
        host.Dispose();
    }

    [Fact]
    public async Task Connection_to_a_closed_port_is_refused()
    {
        using var guest = new FakeGuest(Open);
        ushort port = Port;
        _server.Stop();
        var tcp = new GuestTcp(guest, guest.Config.GatewayV4, port);
        tcp.Connect();
        Assert.True(tcp.IsReset);
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Tcp);
    }

    [Fact]
    public async Task Connection_over_v6_reaches_the_hosts_loopback()
    {
        using var server = new TcpListener(IPAddress.IPv6Loopback, 0);
        server.Start();
        using var guest = new FakeGuest(Open) { Own = FakeGuest.At("fec0::15") };
        var tcp = new GuestTcp(guest, guest.Config.GatewayV6!.Value, (ushort)((IPEndPoint)server.LocalEndpoint).Port);
        tcp.Connect();
        Assert.True(tcp.IsOpen);
        using Socket host = await server.AcceptSocketAsync();
        byte[] down = Bytes(200_000, 4);
        Task sending = SendAllAsync(host, down);
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal(down, tcp.Received);
        await sending;
    }

    [Fact]
    public async Task Data_that_was_refused_comes_again_also_if_there_is_room_at_once()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        await guest.Network.FlowsAsync();
        guest.Refusals = 1;
        await host.SendAsync(new byte[10]);
        tcp.PumpUntil(() => tcp.ReceivedLength == 10, 5);
        Assert.Equal(0, guest.Refusals);
        host.Dispose();
    }

    [Fact]
    public async Task Guest_that_closes_its_window_stops_the_host_and_goes_on_when_it_opens()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        tcp.Window = 0;
        tcp.Acknowledge();
        host.Blocking = false;
        long sent = 0;
        byte[] piece = new byte[64 << 10];
        for (int quiet = 0; quiet < 20;)
        {
            int count = host.Send(piece, SocketFlags.None, out SocketError error);
            sent += error == SocketError.Success ? count : 0;
            quiet = error == SocketError.Success ? 0 : quiet + 1;
            if (error != SocketError.Success) tcp.PumpFor(10);
        }

        Assert.True(sent < 16 << 20, "The host could send without end although the guest takes nothing.");
        Assert.True(tcp.ReceivedLength <= 1);
        tcp.Window = 256 << 10;
        tcp.Acknowledge();
        host.Shutdown(SocketShutdown.Send);
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal(sent, tcp.ReceivedLength);
        host.Dispose();
    }

    [Fact]
    public async Task Host_that_does_not_read_closes_the_guests_window_and_goes_on_when_it_reads()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        byte[] up = Bytes(12 << 20, 5);
        tcp.Send(up);
        tcp.Finish();
        tcp.PumpUntil(() => tcp.PeerWindow == 0);
        Assert.False(tcp.AllAcknowledged);
        Task<byte[]> received = ReadAllAsync(host);
        tcp.PumpUntil(() => tcp.AllAcknowledged, 60);
        Assert.Equal(up, await received);
        host.Dispose();
    }

    [Fact]
    public async Task Guest_that_ends_first_can_still_be_answered()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        tcp.Send("question"u8);
        tcp.Finish();
        Task<byte[]> received = ReadAllAsync(host);
        tcp.PumpUntil(() => tcp.AllAcknowledged);
        Assert.Equal("question"u8.ToArray(), await received);
        await SendAllAsync(host, Bytes(1000, 6));
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal(Bytes(1000, 6), tcp.Received);
        host.Dispose();
    }

    [Fact]
    public async Task Reset_of_the_guest_resets_the_host()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.SendTcp(tcp.Key, tcp.Next, tcp.Expected, TcpFlags.Rst | TcpFlags.Ack);
        var exception = await Assert.ThrowsAsync<SocketException>(async () => await host.ReceiveAsync(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Tcp);
    }

    [Fact]
    public async Task Reset_beside_the_next_byte_is_challenged_only()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.SendTcp(tcp.Key, tcp.Next + 100, tcp.Expected, TcpFlags.Rst);
        guest.ExpectIp(IpProtocol.Tcp);
        Assert.Equal(1, (await guest.Network.FlowsAsync()).Tcp);
        host.Dispose();
    }

    [Fact]
    public async Task Reset_of_the_host_resets_the_guest()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        host.LingerState = new LingerOption(true, 0);
        host.Dispose();
        tcp.PumpUntil(() => tcp.IsReset);
    }

    [Fact]
    public void Segment_of_no_connection_is_reset()
    {
        using var guest = new FakeGuest(Open);
        guest.SendTcp(new FlowKey(guest.Own, 1234, guest.Config.GatewayV4, 80), 5000, 7000, TcpFlags.Ack);
        (_, byte[] payload) = guest.ExpectIp(IpProtocol.Tcp);
        Assert.True(TcpSegment.TryRead(payload, out TcpSegment segment));
        Assert.Equal(TcpFlags.Rst, segment.Flags);
        Assert.Equal(7000u, segment.Sequence);
    }

    [Fact]
    public async Task Idle_connection_lives_for_hours_while_the_guest_answers()
    {
        var time = new ManualTime();
        using var guest = new FakeGuest(Open, time);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        for (int hour = 0; hour < 6; hour++)
        {
            time.Advance(TimeSpan.FromHours(1));
            tcp.PumpFor(30);
        }

        await SendAllAsync(host, "late"u8.ToArray());
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal("late"u8.ToArray(), tcp.Received);
        host.Dispose();
    }

    [Fact]
    public async Task Idle_connection_of_a_guest_that_answers_nothing_ends()
    {
        var time = new ManualTime();
        using var guest = new FakeGuest(Open, time);
        (_, Socket host) = await ConnectAsync(guest);
        time.Advance(TimeSpan.FromHours(2));
        Task<int> end = host.ReceiveAsync(new byte[1]);
        for (int i = 0; i < 200 && !end.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(75));
            await Task.WhenAny(end, Task.Delay(20));
        }

        await Assert.ThrowsAsync<SocketException>(() => end);
    }

    [Fact]
    public async Task Opening_that_the_guest_does_not_complete_ends_and_has_failed()
    {
        var time = new ManualTime();
        using var guest = new FakeGuest(Open, time);
        new GuestTcp(guest, guest.Config.GatewayV4, Port, 20_000).SendSyn();
        using Socket host = await _server.AcceptSocketAsync();
        Task<int> end = host.ReceiveAsync(new byte[1]);
        for (int i = 0; i < 200 && !end.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(end, Task.Delay(20));
        }

        await Assert.ThrowsAsync<SocketException>(() => end);
        Assert.Equal(1, guest.Network.Statistics.Single(s => s.Name == "tcp-failed").Value);
    }

    [Fact]
    public async Task Full_adapter_loses_nothing()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.Full = true;
        byte[] down = Bytes(400_000, 8);
        Task sending = SendAllAsync(host, down);
        await Task.Delay(50);
        for (int i = 0; i < 10; i++)
        {
            guest.Full = false;
            tcp.PumpFor(2);
            guest.Full = true;
        }

        guest.Full = false;
        tcp.PumpUntil(() => tcp.PeerEnded);
        Assert.Equal(down, tcp.Received);
        await sending;
        host.Dispose();
    }

    [Fact]
    public async Task Flood_of_syns_is_bounded_and_others_still_connect()
    {
        var config = Open with { Limits = new GatewayLimits { TcpConnections = 200, TcpConnecting = 100 } };
        using var guest = new FakeGuest(config);
        for (int port = 1; port <= 65_535; port++) guest.SendTcp(new FlowKey(FakeGuest.At($"10.0.2.{16 + port % 200}"), (ushort)port, guest.Config.GatewayV4, Port), 1, 0, TcpFlags.Syn);
        Assert.InRange((await guest.Network.FlowsAsync()).Tcp, 1, 200);
        Assert.Contains(guest.Network.Statistics, s => s is { Name: "flows-refused", Value: > 60_000 });
    }

    [Fact]
    public async Task Many_connections_at_once_all_work()
    {
        const int Count = 200;
        using var guest = new FakeGuest(Open);
        var all = new List<GuestTcp>();
        for (int i = 0; i < Count; i++)
        {
            var tcp = new GuestTcp(guest, guest.Config.GatewayV4, Port, (ushort)(20_000 + i));
            all.Add(tcp);
            tcp.SendSyn();
        }

        // A socket that nobody holds is reset when the collector comes.
        var hosts = new List<Socket>();
        Task serving = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                hosts.Add(await _server.AcceptSocketAsync());
                await SendAllAsync(hosts[^1], Bytes(5000, 9));
            }
        });
        for (long end = Environment.TickCount64 + 30_000; !all.All(t => t.PeerEnded);)
        {
            if (serving.IsFaulted) await serving;
            Assert.True(Environment.TickCount64 < end, $"{all.Count(t => !t.PeerEnded)} connections are stuck, {all.Count(t => !t.IsOpen)} of them not open, {all.Count(t => t.IsReset)} reset; the host is {serving.Status}. {string.Join(", ", guest.Network.Statistics.Where(s => s.Value != 0))}");
            if (guest.Receive(TimeSpan.FromMilliseconds(100)) is { } frame) _ = all.Any(t => t.Take(frame));
        }

        Assert.All(all, t => Assert.Equal(Bytes(5000, 9), t.Received));
        await serving;
        hosts.ForEach(host => host.Dispose());
    }

    internal static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAllAsync(Socket socket)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer) is > 0 and int count) all.Write(buffer, 0, count);
        return all.ToArray();
    }

    private static async Task SendAllAsync(Socket socket, byte[] data)
    {
        for (int sent = 0; sent < data.Length;) sent += await socket.SendAsync(data.AsMemory(sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    private async Task<(GuestTcp Tcp, Socket Host)> ConnectAsync(FakeGuest guest)
    {
        var tcp = new GuestTcp(guest, guest.Config.GatewayV4, Port);
        tcp.Connect();
        Assert.True(tcp.IsOpen, "The gateway has refused the connection.");
        return (tcp, await _server.AcceptSocketAsync());
    }
}
