using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>What becomes of connections of which a guest knows and nobody else, or the other way round.</summary>
public sealed class GoneConnectionsTests : IDisposable
{
    private static readonly UserNetworkConfig Open = new() { Policy = new NetworkPolicy { HostLoopback = true } };
    private static readonly MacAddress Other = new(0x5254_0000_0009);
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public GoneConnectionsTests() => _server.Start();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Restored_guest_is_told_that_its_connections_are_gone()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.Network.EndConnections(ReadOnlyMemory<byte>.Empty);
        await Assert.ThrowsAsync<SocketException>(async () => await host.ReceiveAsync(new byte[1]));

        // The guest only waits: it is asked, and what it answers is answered with a reset.
        tcp.PumpUntil(() => tcp.IsReset);
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Tcp);
    }

    [Fact]
    public async Task Restored_guest_is_told_that_a_connection_is_gone_that_was_over_later()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        host.Dispose();
        tcp.PumpUntil(() => tcp.PeerEnded);
        tcp.Finish();
        tcp.PumpUntil(() => tcp.AllAcknowledged);
        guest.Network.EndConnections(ReadOnlyMemory<byte>.Empty);
        tcp.PumpUntil(() => tcp.IsReset);
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Tcp);
    }

    [Fact]
    public async Task Guest_that_goes_on_under_another_network_is_told_that_its_connections_are_gone()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        byte[] saved = guest.Network.SaveConnections();
        host.LingerState = new LingerOption(true, 0);
        host.Dispose();
        while ((await guest.Network.FlowsAsync()).Tcp > 0) await Task.Delay(5, TestContext.Current.CancellationToken);
        while (guest.Receive(TimeSpan.FromMilliseconds(50)) is not null)
        {
        }

        // It has not heard of the end, and is asked as the one that it was.
        guest.Network.EndConnections(saved);
        tcp.PumpUntil(() => tcp.IsReset);
    }

    [Fact]
    public async Task One_of_several_guests_is_told_that_its_connections_are_gone()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.Network.EndConnections(Other, ReadOnlyMemory<byte>.Empty);
        Assert.Equal(1, (await guest.Network.FlowsAsync()).Tcp);
        guest.Network.EndConnections(FakeGuest.OwnMac, ReadOnlyMemory<byte>.Empty);
        await Assert.ThrowsAsync<SocketException>(async () => await host.ReceiveAsync(new byte[1]));
        tcp.PumpUntil(() => tcp.IsReset);
    }

    [Fact]
    public async Task One_of_several_guests_is_told_of_connections_that_the_gateway_does_not_know()
    {
        using var guest = new FakeGuest(Open with { NetworkV6 = null });
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        byte[] saved = guest.Network.SaveConnections(FakeGuest.OwnMac);
        Assert.Equal([tcp.Key], SavedConnections.Read(saved, 10));
        Assert.Empty(guest.Network.SaveConnections(Other));

        // A copy of the guest has nothing to say about what this one goes on with.
        guest.Network.EndConnections(Other, saved);
        Assert.Null(guest.Receive(TimeSpan.FromMilliseconds(100)));
        Assert.Equal(1, (await guest.Network.FlowsAsync()).Tcp);

        using var next = new FakeGuest(guest.Config);
        next.Network.EndConnections(FakeGuest.OwnMac, saved);
        next.Expect(frame => frame[12] == 8 && frame[13] == 6);
        host.Dispose();
    }

    [Fact]
    public async Task End_that_the_guest_need_not_have_heard_of_is_saved()
    {
        using var guest = new FakeGuest(Open);
        (GuestTcp tcp, Socket host) = await ConnectAsync(guest);
        guest.SendTcp(tcp.Key, tcp.Next, tcp.Expected, TcpFlags.Rst | TcpFlags.Ack);
        await Assert.ThrowsAsync<SocketException>(async () => await host.ReceiveAsync(new byte[1]));
        Assert.Equal(0, (await guest.Network.FlowsAsync()).Tcp);
        Assert.Equal([tcp.Key], SavedConnections.Read(guest.Network.SaveConnections(), 10));
    }

    [Fact]
    public void Saved_connections_of_anybody_are_no_more_than_allowed()
    {
        byte[] garbage = new byte[36 * 100 + 35];
        new Random(3).NextBytes(garbage);
        Assert.Equal(100, SavedConnections.Read(garbage, 1000).Count);
        Assert.Equal(7, SavedConnections.Read(garbage, 7).Count);
        Assert.Empty(SavedConnections.Read(garbage.AsSpan(0, 35), 7));

        // Nor more than an adapter's state has room for.
        Assert.InRange(SavedConnections.Write(new FlowKey[100_000]).Length, 1, 1 << 20);

        // None of them is a guest of this network, and none is asked.
        using var guest = new FakeGuest(Open with { NetworkV6 = null });
        guest.Network.EndConnections(garbage);
        Assert.Null(guest.Receive(TimeSpan.FromMilliseconds(100)));
    }

    private async Task<(GuestTcp Tcp, Socket Host)> ConnectAsync(FakeGuest guest)
    {
        var tcp = new GuestTcp(guest, guest.Config.GatewayV4, (ushort)((IPEndPoint)_server.LocalEndpoint).Port);
        tcp.Connect();
        Assert.True(tcp.IsOpen, "The gateway has refused the connection.");
        return (tcp, await _server.AcceptSocketAsync());
    }
}
