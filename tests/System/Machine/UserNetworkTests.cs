using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>Debian's kernel with an adapter on the user-mode network, and servers and clients on the host's loopback.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class UserNetworkTests
{
    private const int Length = 16 << 20;
    private static readonly UserNetworkConfig Open = new() { Policy = new NetworkPolicy { HostLoopback = true } };

    [Fact]
    public async Task Guest_getsAnAddress_resolves_pings_andExchangesDataBothWays()
    {
        byte[] data = new byte[Length];
        new Random(1).NextBytes(data);
        string sum = Convert.ToHexStringLower(SHA256.HashData(data));
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        using var network = new UserNetwork(Open);
        await using DebianGuest guest = await BootAsync(network);
        GuestLease lease = Assert.Single(await network.LeasesAsync());
        Assert.Equal("10.0.2.15", lease.Address.ToString());
        Assert.Contains("nameserver 10.0.2.3", await guest.RunAsync("cat /etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Contains("10.0.2.2", await guest.RunAsync("nslookup gateway.doppel"), StringComparison.Ordinal);
        Assert.EndsWith(" 0% packet loss\n", await guest.RunAsync("ping -c 2 -W 5 10.0.2.2 | grep -o ' 0% packet loss'"));
        // The guest asks for a router when it gets round to it, and looks a while whether anybody else has its address.
        string ping = await guest.RunAsync("for i in $(seq 60); do ping -6 -c 2 -W 5 fec0::2 | grep ' 0% packet loss' && break; sleep 1; done; ip -6 addr show eth0; ip -6 neigh");
        Assert.Contains(" 0% packet loss\n", ping, StringComparison.Ordinal);

        // In: the host sends.
        Task sending = Task.Run(async () =>
        {
            using Socket socket = await server.AcceptSocketAsync();
            for (int sent = 0; sent < data.Length;) sent += await socket.SendAsync(data.AsMemory(sent));
        });
        Assert.Equal(sum + "\n", await guest.RunAsync($"nc 10.0.2.2 {port} < /dev/null | sha256sum | cut -d ' ' -f 1"));
        await sending;

        // Out: the guest sends, and the host sees the end of it.
        Task<string> receiving = Task.Run(async () =>
        {
            using Socket socket = await server.AcceptSocketAsync();
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(new NetworkStream(socket)));
        });
        await guest.RunAsync("dd if=/dev/urandom of=/tmp/data bs=1M count=16 2> /dev/null; sha256sum < /tmp/data > /tmp/sum");
        await guest.RunAsync($"nc 10.0.2.2 {port} < /tmp/data > /dev/null & sleep 1");
        Assert.StartsWith(await receiving.WaitAsync(DebianGuest.Patience), await guest.RunAsync("cat /tmp/sum"), StringComparison.Ordinal);

        // What nobody serves is refused, and at once.
        Assert.Contains("refused", await guest.RunAsync("nc 10.0.2.2 1 2>&1 < /dev/null"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains(network.Statistics, s => s is { Name: "faults", Value: 0 });
    }

    [Fact]
    public async Task Forward_leadsIntoTheGuest_alsoAfterARestore()
    {
        using var network = new UserNetwork(new UserNetworkConfig { Forwards = [new PortForward { GuestPort = 7 }] });
        int port = network.Forwards.Single().HostPort;
        await using DebianGuest guest = await BootAsync(network);
        await guest.RunAsync("while :; do nc -l -p 7 -e cat; done > /dev/null 2>&1 & :");
        (await ConnectAsync(port, "hello")).Dispose();
        using VmSnapshot snapshot = await guest.Machine.SnapshotAsync();
        using TcpClient client = await ConnectAsync(port, "x");

        // The machine goes back to when that connection was not yet: its end hears of it.
        await guest.Machine.RestoreAsync(snapshot);
        await Assert.ThrowsAnyAsync<IOException>(() => client.GetStream().ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(DebianGuest.Patience));
        (await ConnectAsync(port, "again")).Dispose();
    }

    private static async Task<DebianGuest> BootAsync(UserNetwork network)
    {
        VmConfig config = await DebianGuest.ConfigAsync() with { MemoryBytes = 256 << 20, Networks = [new NetworkConfig { Mac = "52:54:00:12:34:56" }] };
        DebianGuest guest = await DebianGuest.BootAsync(config, network);
        Assert.Equal("", await guest.RunAsync("for i in $(seq 60); do ip -4 addr show eth0 | grep -q inet && break; sleep 0.5; done"));
        return guest;
    }

    /// <summary>A connection over which the guest has said again what was said to it. Between two of its connections the guest's server is not there for a moment.</summary>
    private static async Task<TcpClient> ConnectAsync(int port, string text)
    {
        for (long end = Environment.TickCount64 + (long)DebianGuest.Patience.TotalMilliseconds; ;)
        {
            var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                await client.GetStream().WriteAsync(global::System.Text.Encoding.ASCII.GetBytes(text));
                byte[] answer = new byte[text.Length];
                await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(DebianGuest.Patience);
                Assert.Equal(text, global::System.Text.Encoding.ASCII.GetString(answer));
                return client;
            }
            catch (Exception exception) when (exception is IOException or SocketException && Environment.TickCount64 < end)
            {
                client.Dispose();
                await Task.Delay(200);
            }
        }
    }
}
