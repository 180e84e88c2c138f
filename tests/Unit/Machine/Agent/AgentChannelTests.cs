using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;

namespace Doppel.Tests.Unit.Machine.Agent;

/// <summary>What goes over an agent's port, with guests of all kinds at the other end.</summary>
public class AgentChannelTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);
    private readonly AgentPort _port = new();
    private readonly AgentChannel _channel;

    public AgentChannelTests() => _channel = new AgentChannel("box", _port);

    [Fact]
    public async Task Requests_areAnswered_andSyncedOnce()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line => line.Replace("ask", "said", StringComparison.Ordinal));
        Assert.Equal("said 1", await AskAsync("ask 1"));
        Assert.Equal("said 2", await AskAsync("ask 2"));
        Assert.Equal(1, guest.Lines.Count(l => FakeGuest.SyncId(l) is not null));
    }

    [Fact]
    public async Task Requests_ofMany_waitForTheirTurn()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line => line);
        string[] replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => AskAsync($"n{i}")));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"n{i}"), replies);
    }

    [Fact]
    public async Task Guest_withoutAnAgent_isSaidToHaveNone()
    {
        using var guest = new FakeGuest(_port, _ => null, isOpen: false);
        DoppelException none = await RefusedAsync("x");
        Assert.Contains("no agent runs", none.Message, StringComparison.Ordinal);
        Assert.NotNull(none.Hint);
        Assert.Empty(guest.Lines);
    }

    [Fact]
    public async Task Reply_thatComesTooLate_isNotTakenForTheNext()
    {
        string? late = null;
        using FakeGuest guest = FakeGuest.Honest(_port, line =>
        {
            if (line == "slow")
            {
                late = "too late\n";
                return null;
            }

            return line;
        });
        Assert.Contains("did not answer within", (await RefusedAsync("slow", Short)).Message, StringComparison.Ordinal);
        guest.Write(late!);
        Assert.Equal("quick", await AskAsync("quick"));
        Assert.Equal(2, guest.Lines.Count(l => FakeGuest.SyncId(l) is not null));
    }

    [Fact]
    public async Task Reply_thatComesWhileOthersAreSynced_isPassedOver()
    {
        bool first = true;
        using var guest = new FakeGuest(_port, line =>
        {
            if (FakeGuest.SyncId(line) is not { } id) return line + "\n";
            string before = first ? "of an earlier request\n{\"return\": 1}\n[]\n{}\n\"x\"\n{\"error\":{}}\n\xFF\n\n" : "";
            first = false;
            return before + FakeGuest.Synced(id);
        });
        Assert.Equal("ask", await AskAsync("ask"));
    }

    [Theory]
    [InlineData("{\"return\": 0}\n")]
    [InlineData("{\"return\": 1e300}\n")]
    [InlineData("{\"return\": \"text\"}\n")]
    [InlineData("{\"return\": {\"return\": {}}}\n")]
    [InlineData("{\"error\": {\"desc\": \"\\ud800\"}}\n")]
    [InlineData("{\"error\": \"\\ud800\"}\n")]
    [InlineData("\x80\x81\x82\n")]
    [InlineData("no JSON\n")]
    public async Task Sync_thatIsAnsweredByNonsense_timesOut(string nonsense)
    {
        using var guest = new FakeGuest(_port, _ => nonsense);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync("x", Soon, new CancellationTokenSource(Short).Token));
    }

    [Fact]
    public async Task Line_withoutEnd_isCutOff_andForgotten()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line => line == "endless" ? new string('x', AgentPort.MaxReply + 1) : line);
        Assert.Contains("MiB at a time", (await RefusedAsync("endless")).Message, StringComparison.Ordinal);
        guest.Write("\n");
        Assert.Equal("next", await AskAsync("next"));
    }

    [Fact]
    public async Task Lines_withoutNumber_takeNoMemory()
    {
        using var guest = new FakeGuest(_port, _ => null);
        Task<string> asking = AskAsync("x");
        // Nobody reads these but by passing them over; half of them come while nobody listens any more.
        const int Lines = 20_000;
        string line = new string('y', 4000) + "\n";
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Lines; i++) guest.Write(line);

        // Not even half of them: tests beside this one take some memory, too.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, (long)Lines * line.Length / 2);
        _port.GuestOpened(false);
        Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => asking)).Kind);
    }

    [Fact]
    public async Task Agent_thatIsRestarted_endsWhatWasAsked_andIsSyncedAnew()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line =>
        {
            if (line != "die") return line;
            _port.GuestOpened(false);
            return null;
        });
        Assert.Contains("restarted", (await RefusedAsync("die", Soon)).Message, StringComparison.Ordinal);
        _port.GuestOpened(true);
        Assert.Equal("again", await AskAsync("again"));
        _port.GoesOn(written: true);
        Assert.Equal("elsewhere", await AskAsync("elsewhere"));
        Assert.Equal(3, guest.Lines.Count(l => FakeGuest.SyncId(l) is not null));
    }

    [Fact]
    public async Task Link_carriesRepliesAndRefusals()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line => line == "mute" ? null : line);
        (Socket client, Socket server) = await PairAsync();
        using var stop = new CancellationTokenSource();
        Task serving = ServeAsync();
        await using (var link = new AgentLink("box", new NetworkStream(client, ownsSocket: true)))
        {
            string large = new('z', 700_000);
            Assert.Equal(large, await AskAsync(link, large));
            DoppelException refused = await Assert.ThrowsAsync<DoppelException>(() => AskAsync(link, "mute", Short));
            Assert.Equal(ErrorKind.Unreachable, refused.Kind);
            Assert.NotNull(refused.Hint);
            Assert.Equal("after", await AskAsync(link, "after"));

            // Who gives up leaves the connection as it was.
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await link.AskAsync("mute"u8.ToArray(), TimeSpan.FromMilliseconds(300), new CancellationTokenSource(Short).Token));
            Assert.Equal("after", await AskAsync(link, "after"));
            await stop.CancelAsync();
            Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => AskAsync(link, "after"))).Kind);
        }

        await Task.WhenAny(serving);

        async Task ServeAsync()
        {
            using var stream = new NetworkStream(server, ownsSocket: true);
            await AgentLink.ServeAsync(stream, _channel, stop.Token);
        }
    }

    private Task<string> AskAsync(string request, TimeSpan? patience = null, CancellationToken cancel = default) => AskAsync(_channel, request, patience, cancel);

    private static async Task<string> AskAsync(IAgentChannel channel, string request, TimeSpan? patience = null, CancellationToken cancel = default) =>
        Encoding.Latin1.GetString((await channel.AskAsync(Encoding.Latin1.GetBytes(request), patience ?? Soon, cancel)).Span);

    private async Task<DoppelException> RefusedAsync(string request, TimeSpan? patience = null)
    {
        long started = Stopwatch.GetTimestamp();
        DoppelException exception = await Assert.ThrowsAsync<DoppelException>(() => AskAsync(request, patience));
        Assert.Equal(ErrorKind.Unreachable, exception.Kind);
        Assert.True(Stopwatch.GetElapsedTime(started) < Soon);
        return exception;
    }

    private static async Task<(Socket Client, Socket Server)> PairAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), $"doppel-{Guid.NewGuid():n}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Task<Socket> accepting = listener.AcceptAsync();
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        File.Delete(path);
        return (client, await accepting);
    }
}
