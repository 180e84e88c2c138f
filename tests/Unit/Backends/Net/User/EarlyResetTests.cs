using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;

namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>The host resets a connection before the gateway has seen that it is open: to the guest it was open all the same.</summary>
[Collection(nameof(HeldThreadPool))]
public sealed class EarlyResetTests : IDisposable
{
    private static readonly UserNetworkConfig Open = new() { Policy = new NetworkPolicy { HostLoopback = true } };
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public EarlyResetTests() => _server.Start();

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void Connection_that_the_host_resets_at_once_is_open_brings_what_was_sent_and_is_reset(int count)
    {
        using var guest = new FakeGuest(Open);
        GuestTcp tcp = Connection(guest);
        byte[] sent = TcpTests.Bytes(count, 1);
        using (new HeldThreadPool())
        {
            tcp.SendSyn();
            using Socket host = _server.AcceptSocket();
            host.Send(sent);
            host.LingerState = new LingerOption(true, 0);
        }

        tcp.PumpUntil(() => tcp.IsReset);
        Assert.True(tcp.IsOpen, "The guest was told that the connection is refused.");
        Assert.Equal(sent, tcp.Received);
        Assert.False(tcp.PeerEnded);
    }

    [Fact]
    public void Connection_that_the_host_ends_and_resets_at_once_is_open_brings_what_was_sent_and_ends()
    {
        using var guest = new FakeGuest(Open);
        GuestTcp tcp = Connection(guest);
        byte[] sent = TcpTests.Bytes(5000, 2);
        using (new HeldThreadPool())
        {
            tcp.SendSyn();
            using Socket host = _server.AcceptSocket();
            host.Send(sent);
            host.Shutdown(SocketShutdown.Send);
            host.LingerState = new LingerOption(true, 0);
        }

        tcp.PumpUntil(() => tcp.PeerEnded || tcp.IsReset);
        Assert.True(tcp.IsOpen, "The guest was told that the connection is refused.");
        Assert.Equal(sent, tcp.Received);

        // What the guest still says reaches nobody, and it is told.
        tcp.Send("late"u8);
        tcp.PumpUntil(() => tcp.IsReset);
    }

    private GuestTcp Connection(FakeGuest guest) => new(guest, guest.Config.GatewayV4, (ushort)((IPEndPoint)_server.LocalEndpoint).Port);
}
