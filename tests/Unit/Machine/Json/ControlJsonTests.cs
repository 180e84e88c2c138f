using System.Reflection;
using System.Text;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Json;
using Doppel.Machine.Named;
using Doppel.Machine.Named.Control;

namespace Doppel.Tests.Unit.Machine.Json;

public sealed class ControlJsonTests
{
    private static readonly ControlReply Full = new()
    {
        State = NamedState.Paused,
        ProcessId = 7,
        End = new EndRecord(VmExitReason.PowerOff, 3, "so", DateTimeOffset.UnixEpoch),
        Statistics = new Dictionary<string, long> { ["a.b"] = long.MinValue },
        Forwards = ["tcp:127.0.0.1:1-:2"],
        Taken = false,
        HearsPower = true,
        Fork = "/tmp/\"fork\"",
        Progress = 0.25,
        Kind = ErrorKind.Corrupt,
        Error = "it is damaged",
        Hint = "throw it away",
    };

    [Fact]
    public void Reply_comes_back_with_all_that_it_says()
    {
        foreach (PropertyInfo property in typeof(ControlReply).GetProperties().Where(p => p.Name != nameof(ControlReply.Kept)))
            Assert.False(Equals(property.GetValue(Full), property.GetValue(new ControlReply())), $"{property.Name} has its usual value in this test");

        ControlReply read = Again(Full);
        Assert.Equal(Full.Statistics, read.Statistics);
        Assert.Equal(Full.Forwards, read.Forwards);
        Assert.Equal(Full, read with { Statistics = Full.Statistics, Forwards = Full.Forwards });
        Assert.Equal(new ControlReply(), Again(new ControlReply()));
    }

    [Fact]
    public void Request_comes_back_with_all_that_it_says()
    {
        foreach (ControlRequest request in new[] { new ControlRequest(ControlVerb.Save), new ControlRequest(ControlVerb.AddForward, "tcp:1-:2", "name", "comment", 3) })
            Assert.Equal(request, StrictJson.Read(StrictJson.WriteLine(request, ControlJson.Write), ControlJson.ReadRequest));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"verb":null}""")]
    [InlineData("""{"verb":"Dance"}""")]
    [InlineData("""{"verb":"1"}""")]
    [InlineData("""{"verb":1}""")]
    [InlineData("""{"verb":"Status","adapter":"0"}""")]
    [InlineData("""{"verb":"Status","verb":"Kill"}""")]
    [InlineData("""{"verb":"Status","forward":1}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    public void Request_that_is_none_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => StrictJson.Read(Encoding.UTF8.GetBytes(json), ControlJson.ReadRequest));

    private static ControlReply Again(ControlReply reply) => StrictJson.Read(StrictJson.WriteLine(reply, ControlJson.Write), ControlJson.ReadReply);
}
