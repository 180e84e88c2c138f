using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Core.Errors;
using Doppel.Core.Net;
using Doppel.Machine;
using Doppel.Machine.Networks;
using Doppel.Tests.Unit.Backends.Net;
using Doppel.Tests.Unit.Backends.Net.User;
using Doppel.Tests.Unit.Core.Net;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Machines of several processes in one network; that they are one process here makes no difference to them.</summary>
public sealed class SharedNetworkTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TempFolder _folder = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    private NetworkStore Store => new(_folder.Path);

    [Fact]
    public async Task Machines_reachEachOther_alsoAfterTheCarrierIsGone()
    {
        Store.Create("lab");
        await using Member a = Join("a"), b = Join("b"), c = Join("c");
        await a.ReachesAsync(b);
        await b.ReachesAsync(c);
        await c.ReachesAsync(a);
        NetworkStatus status = await Store.LookAsync("lab", TestContext.Current.CancellationToken);
        Assert.Equal(Environment.ProcessId, status.ProcessId);
        Assert.Equal(["a", "b", "c"], status.Ports.Select(p => p.Machine).Order());
        Assert.Contains(status.Ports, p => p.FramesIn > 0 && p.Addresses.Count == 1);

        // Whoever it is that carries the network: each of them goes once.
        await a.Network.DisposeAsync();
        await b.ReachesAsync(c);
        await using Member d = Join("d");
        await d.ReachesAsync(b);
        await b.Network.DisposeAsync();
        await c.ReachesAsync(d);
        await d.ReachesAsync(c);
        await c.Network.DisposeAsync();
        await d.Network.DisposeAsync();
        Assert.Equal((0, 0), await Store.LookAsync("lab", TestContext.Current.CancellationToken) is var s ? (s.ProcessId, s.Ports.Count) : default);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task Options_ofAPort_hold_overTheSocketToo()
    {
        Store.Create("lab");
        await using Member a = Join("a"), b = Join("b"), other = Join("other", new NetworkConfig { Vlan = 2 });
        await using Member locked = Join("locked", new NetworkConfig { Locked = true, Mac = new MacAddress(0x02_00_00_00_00_77).ToString() });
        await a.ReachesAsync(b);
        await locked.ReachesAsync(b, new MacAddress(0x02_00_00_00_00_77));
        for (int i = 0; i < 50; i++)
        {
            a.Network.TryTake(TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.A, payload: 77), default);
            other.Network.TryTake(TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.B, payload: 78), default);
            locked.Network.TryTake(TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.B, payload: 79), default);
        }

        await a.ReachesAsync(b);
        await locked.ReachesAsync(b, new MacAddress(0x02_00_00_00_00_77));
        Assert.Equal(50, b.Adapter.Frames.Count(f => f.Frame.Length == 14 + 77));
        Assert.DoesNotContain(b.Adapter.Frames, f => f.Frame.Length is 14 + 78 or 14 + 79);
        Assert.DoesNotContain(other.Adapter.Frames, f => f.Frame.Length == 14 + 77);
    }

    [Theory]
    [InlineData("nonsense\n")]
    [InlineData("{\"verb\":\"join\",\"adapter\":{\"vlan\":5000}}\n")]
    [InlineData("{\"verb\":\"join\",\"adapter\":{\"addresses\":[\"x\"]}}\n")]
    [InlineData("{\"verb\":\"join\"}\n\u0005\u0000\u0000\u0009abcde")]
    public async Task Strangers_whoTalkNonsense_harmNobody(string text)
    {
        Store.Create("lab");
        await using Member a = Join("a"), b = Join("b");
        await a.ReachesAsync(b);
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Store.Get("lab").Socket), TestContext.Current.CancellationToken);
            await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
            byte[] answer = new byte[4096];
            using var late = new CancellationTokenSource(Patience);
            try
            {
                while (await socket.ReceiveAsync(answer, late.Token) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // Cut off, which is as good.
            }
        }

        await b.ReachesAsync(a);
    }

    [Fact]
    public async Task Guest_thatGoesOn_underAnotherCarrier_isToldThatItsConnectionsAreGone()
    {
        Store.Create("lab", new UserNetworkSettings { V6 = false, HostLoopback = true });
        UserNetworkConfig config = new UserNetworkSettings { V6 = false, HostLoopback = true }.Read();
        var adapter = new NetworkConfig { Mac = FakeGuest.OwnMac.ToString() };
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using Member carrier = Join("carrier");
        await carrier.InAsync();
        await using SharedNetwork network = Plug("guest", adapter);
        using var guest = new FakeGuest(network, config);
        await Member.UntilAsync(() => network.IsIn);
        var tcp = new GuestTcp(guest, config.GatewayV4, (ushort)((IPEndPoint)server.LocalEndpoint).Port);
        tcp.Connect();
        using Socket host = await server.AcceptSocketAsync(TestContext.Current.CancellationToken);
        byte[] saved = network.SaveConnections();
        Assert.Equal([tcp.Key], SavedConnections.Read(saved, 10));

        // Another one knows nothing of it. The guest only waits, and has to be asked.
        await carrier.Network.DisposeAsync();
        network.EndConnections(saved);
        guest.Expect(frame => frame[12] == 8 && frame[13] == 6);
        guest.SendArpReply();
        tcp.PumpUntil(() => tcp.IsReset);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task Capture_ofANetwork_hasWholeFrames_ofAllSegments()
    {
        Store.Create("lab");
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => Store.CaptureAsync("lab", () => throw new InvalidOperationException()))).Kind);
        await using Member a = Join("a"), b = Join("b"), other = Join("other", new NetworkConfig { Vlan = 2 });
        await a.ReachesAsync(b);
        await other.InAsync();
        string file = Path.Combine(_folder.Path, "lab.pcap");
        using var enough = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<long> capture = Store.CaptureAsync(
            "lab",
            () =>
            {
                Stream stream = PcapWriter.Create(file);
                begun.SetResult();
                return stream;
            },
            enough.Token);
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        byte[] plain = TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.A, payload: 77), tagged = TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.B, payload: 78, vlan: 2);
        byte[] untagged = TestFrames.Ethernet(MacAddress.Broadcast, TestFrames.B, payload: 78);
        await Member.UntilAsync(() =>
        {
            a.Network.TryTake(plain, default);
            other.Network.TryTake(untagged, default);
            byte[] now = ReadShared();
            return now.AsSpan().IndexOf(plain) >= 0 && now.AsSpan().IndexOf(tagged) >= 0;
        });
        await enough.CancelAsync();
        long frames = await capture.WaitAsync(Patience, TestContext.Current.CancellationToken);

        // Nothing is cut off, and nothing else is in it.
        byte[] all = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        int at = 24, count = 0;
        for (; at < all.Length; count++) at += 16 + BitConverter.ToInt32(all, at + 8);
        Assert.Equal((all.Length, frames), (at, count));

        byte[] ReadShared()
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    [Fact]
    public async Task Store_makes_lists_and_removesNetworks()
    {
        Assert.Empty(Store.List());
        Store.Create("lab");
        Store.Create("other");
        Assert.Equal(["lab", "other"], Store.List());
        Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => Store.Create("lab")).Kind);
        foreach (string name in (string[])["", "user", "none", "a/b", "..", "tap:x", new('a', 65)]) Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => Store.Create(name)).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<DoppelException>(() => Store.LookAsync("nobody"))).Kind);
        await using (Member a = Join("a"))
        {
            await a.InAsync();
            Assert.Equal(ErrorKind.WrongState, Assert.Throws<DoppelException>(() => Store.Remove("lab")).Kind);
        }

        Store.Remove("lab");
        Assert.Equal(["other"], Store.List());
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<DoppelException>(() => Store.Remove("lab")).Kind);
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "networks", "other", "network.json"), "{", TestContext.Current.CancellationToken);
        Assert.Equal(ErrorKind.Corrupt, (await Assert.ThrowsAsync<DoppelException>(() => Store.LookAsync("other"))).Kind);
    }

    private Member Join(string name, NetworkConfig? config = null) => new(Plug(name, config));

    private SharedNetwork Plug(string name, NetworkConfig? config) => new(Store.Get("lab"), name, (config ?? new NetworkConfig()) with { Kind = NetworkKind.Named, Name = "lab" }, _warnings.Add);

    private sealed class Member : IAsyncDisposable
    {
        public Member(SharedNetwork network)
        {
            Network = network;
            network.Connect(Adapter);
        }

        public SharedNetwork Network { get; }

        public RecordingPort Adapter { get; } = new();

        public Task InAsync() => UntilAsync(() => Network.IsIn);

        /// <summary>Sends until something arrives: who has just come, or lost its cable, may lose frames.</summary>
        public async Task ReachesAsync(Member other, MacAddress? from = null)
        {
            byte[] frame = TestFrames.Ethernet(MacAddress.Broadcast, from ?? MacAddress.Random(), payload: 100 + Random.Shared.Next(1000));
            await UntilAsync(() =>
            {
                Network.TryTake(frame, default);
                return other.Adapter.Frames.Any(f => f.Frame.AsSpan().SequenceEqual(frame));
            });
        }

        public ValueTask DisposeAsync() => Network.DisposeAsync();

        public static async Task UntilAsync(Func<bool> condition)
        {
            using var late = new CancellationTokenSource(Patience);
            while (!condition()) await Task.Delay(10, late.Token);
        }
    }
}
