using Doppel.Cli.Snapshots;
using Doppel.Machine;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Cli;

public sealed class SnapshotCommandTests
{
    [Theory]
    [InlineData(2, "snapshot")]
    [InlineData(2, "snapshot create")]
    [InlineData(2, "snapshot restore one")]
    [InlineData(2, "snapshot diff one two")]
    [InlineData(3, "snapshot ls no-such-machine")]
    [InlineData(3, "snapshot create no-such-machine")]
    [InlineData(3, "snapshot rm no-such-machine one")]
    [InlineData(3, "snapshot export no-such-machine one /nowhere")]
    public async Task Mistakes_haveTheirCodes_andSayWhatToDo(int code, string line)
    {
        CliProbe probe = await CliProbe.RunAsync(line.Split(' '));
        Assert.Equal(code, probe.Code);
        Assert.Equal("", probe.Out);
        Assert.StartsWith("doppel: ", probe.Error, StringComparison.Ordinal);
        Assert.Contains("try: ", probe.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("restore")]
    [InlineData("export")]
    public async Task Help_explains(string verb)
    {
        CliProbe probe = await CliProbe.RunAsync("snapshot", verb, "--help");
        Assert.Equal((0, ""), (probe.Code, probe.Error));
        Assert.Contains("doppel snapshot " + verb, probe.Out.Replace("\n", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Tree_isDrawn_withBranches()
    {
        SnapshotInfo[] all = [Info("a", null, "the first"), Info("b", "a"), Info("c", "b", current: true), Info("d", "a"), Info("e", null)];
        Assert.Equal(["a  the first", "├─ b", "│  └─ c *", "└─ d", "e"], SnapshotTree.Draw(all));
    }

    private static SnapshotInfo Info(string name, string? parent, string? comment = null, bool current = false) => new()
    {
        Id = Guid.NewGuid(), Name = name, Parent = parent, Comment = comment, IsCurrent = current, Created = DateTimeOffset.UnixEpoch, IsLive = true, StoredBytes = 0, Config = new VmConfig(),
    };
}
