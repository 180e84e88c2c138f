using System.Text.RegularExpressions;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;

namespace Doppel.Tests.Unit.Machine.Agent;

/// <summary>What is asked of agents, and what is believed of their answers.</summary>
public sealed partial class GuestAgentTests : IAsyncDisposable
{
    private readonly GuestAgent _agent;
    private readonly AgentPort _port;

    public GuestAgentTests()
    {
        _agent = GuestAgent.Create("box", out Doppel.Core.Backends.IConsoleBackend port);
        _port = (AgentPort)port;
    }

    public ValueTask DisposeAsync() => _agent.DisposeAsync();

    [Fact]
    public async Task Info_isRead()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => "{\"return\": {\"version\": \"10.0.2\", \"supported_commands\": [{\"enabled\": true, \"name\": \"guest-ping\", \"success-response\": true}]}}");
        GuestAgentInfo info = await _agent.InfoAsync();
        Assert.Equal("10.0.2", info.Version);
        Assert.Equal(new GuestAgentCommand("guest-ping", true), Assert.Single(info.SupportedCommands));
    }

    [Fact]
    public async Task Key_isAuthorized()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => "{\"return\": {}}");
        await _agent.AuthorizeAsync("root", "ssh-x AAAA me");
        Assert.Equal("""{"execute":"guest-ssh-add-authorized-keys","arguments":{"username":"root","keys":["ssh-x AAAA me"]}}""", guest.Lines[^1]);
    }

    [Fact]
    public async Task Error_isShownWithoutTricks()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\\u001b[2Jthing\\n" + new string('x', 1000) + "\"}}");
        DoppelException refused = await Assert.ThrowsAsync<DoppelException>(() => _agent.PingAsync());
        Assert.Equal(ErrorKind.Failed, refused.Kind);
        Assert.DoesNotContain(refused.Message, char.IsControl);
        Assert.Contains("no?[2Jthing", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 0, 400);
    }

    public static TheoryData<string> Nonsense() =>
    [
        "", "null", "[]", "{}", "x", "{\"return\"", "{\"return\": null}", "{\"return\": []}", "{\"return\": {}}", "{\"return\": {\"version\": 5, \"supported_commands\": []}}",
        "{\"return\": {\"version\": \"\\ud800\", \"supported_commands\": []}}", "{\"return\": {\"version\": null, \"supported_commands\": null}}",
        "{\"return\": {\"version\": \"x\", \"supported_commands\": [null]}}x", new string('[', 100_000), "{\"return\":" + string.Concat(Enumerable.Repeat("{\"a\":", 1000)),
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Answer_thatMakesNoSense_isRefused(string answer)
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => answer.Length == 0 ? " " : answer);
        Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => _agent.InfoAsync())).Kind);
    }

    [Theory]
    [InlineData("{\"return\": {\"count\": -1}}")]
    [InlineData("{\"return\": {\"count\": 0}}")]
    [InlineData("{\"return\": {\"count\": 4}}")]
    [InlineData("{\"return\": {\"count\": 99999999999999999999}}")]
    public async Task File_ofWhichMoreOrNothingIsWritten_isRefused(string answer)
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => answer);
        Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => _agent.WriteAsync(1, new byte[3], default))).Kind);
    }

    [Fact]
    public async Task File_ofWhichMoreIsReadThanWasAsked_isRefused()
    {
        string answer = $"{{\"return\": {{\"buf-b64\": \"{Convert.ToBase64String(new byte[GuestAgent.MaxPiece + 1])}\"}}}}";
        using FakeGuest guest = FakeGuest.Honest(_port, _ => answer);
        Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => _agent.ReadAsync(1, default))).Kind);
    }

    [Theory]
    [InlineData("{\"exited\": true, \"exitcode\": 300}", 44)]
    [InlineData("{\"exited\": true, \"exitcode\": -1}", 255)]
    [InlineData("{\"exited\": true, \"signal\": 9}", 137)]
    [InlineData("{\"exited\": true, \"signal\": 9223372036854775807}", 255)]
    [InlineData("{\"exited\": true}", 0)]
    public async Task ExitCode_isOne_whateverTheGuestSays(string status, int code)
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => $"{{\"return\": {status}}}");
        Assert.Equal(code, (await _agent.StatusAsync(1, default)).Code);
    }

    [Fact]
    public async Task Command_thatEndsBeforeItHasStreams_isSaidToHaveNone()
    {
        using FakeGuest guest = FakeGuest.Honest(_port, line => Name(line) switch
        {
            "guest-exec" => "{\"return\": {\"pid\": 7}}",
            "guest-exec-status" => "{\"return\": {\"exited\": true, \"exitcode\": 125}}",
            _ => "{\"error\": {\"desc\": \"No such file\"}}",
        });
        DoppelException refused = await Assert.ThrowsAsync<DoppelException>(() => _agent.ExecuteAsync(new GuestCommand(["true"]), new GuestStreams(Stream.Null, Stream.Null)));
        Assert.Contains("125", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_isCopiedFileByFile_andEndsWithAnEmptyOne()
    {
        // out.0 with one piece of 100 bytes, out.1 with one of 10, out.2 empty and out.3 as the sign that it is whole; err.0 and err.1 the same, without content.
        var files = new Dictionary<string, byte[]> { ["out.0"] = new byte[100], ["out.1"] = new byte[10], ["out.2"] = [], ["out.3"] = [], ["err.0"] = [], ["err.1"] = [], ["ack.out"] = [] };
        var read = new HashSet<string>();
        var open = new List<string>();
        int acknowledged = 0;
        using FakeGuest guest = FakeGuest.Honest(_port, line =>
        {
            switch (Name(line))
            {
                case "guest-exec":
                    return "{\"return\": {\"pid\": 7}}";
                case "guest-exec-status":
                    return "{\"return\": {\"exited\": true, \"exitcode\": 3}}";
                case "guest-file-open":
                    string file = FileName().Match(line).Groups[1].Value;
                    if (!files.ContainsKey(file)) return "{\"error\": {\"desc\": \"No such file\"}}";
                    open.Add(file);
                    return $"{{\"return\": {open.Count - 1}}}";
                case "guest-file-read":
                    string name = open[int.Parse(Handle().Match(line).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)];
                    return read.Add(name) ? $"{{\"return\": {{\"buf-b64\": \"{Convert.ToBase64String(files[name])}\"}}}}" : "{\"return\": {\"count\": 0, \"eof\": true}}";
                case "guest-file-write":
                    acknowledged++;
                    return "{\"return\": {\"count\": 1, \"eof\": false}}";
                default:
                    return "{\"return\": {}}";
            }
        });
        using var output = new MemoryStream();
        Assert.Equal(3, await _agent.ExecuteAsync(new GuestCommand(["true"]), new GuestStreams(output, Stream.Null)));
        Assert.Equal((110, 2), (output.Length, acknowledged));
    }

    [Theory]
    [InlineData(new[] { "" }, null, null)]
    [InlineData(new[] { "a\0b" }, null, null)]
    [InlineData(new[] { "a" }, "nonsense", null)]
    [InlineData(new[] { "a" }, "1=2", null)]
    [InlineData(new[] { "a" }, "A B=2", null)]
    [InlineData(new[] { "a" }, null, "root; reboot")]
    [InlineData(new[] { "a" }, null, "$(reboot)")]
    [InlineData(new[] { "a" }, null, "-x")]
    public async Task Command_thatMakesNoSense_isAUsageError(string[] arguments, string? variable, string? user)
    {
        using FakeGuest guest = FakeGuest.Honest(_port, _ => null);
        var command = new GuestCommand(arguments) { Environment = variable is null ? [] : [variable], User = user };
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<DoppelException>(() => _agent.ExecuteAsync(command, new GuestStreams(Stream.Null, Stream.Null)))).Kind);
        Assert.Empty(guest.Lines);
    }

    private static string Name(string line) => CommandName().Match(line).Groups[1].Value;

    [GeneratedRegex("\"execute\":\"([a-z-]+)\"")]
    private static partial Regex CommandName();

    [GeneratedRegex("/run/doppel-[0-9a-f]+/([a-z.0-9]+)\"")]
    private static partial Regex FileName();

    [GeneratedRegex("\"handle\":([0-9]+)")]
    private static partial Regex Handle();
}
