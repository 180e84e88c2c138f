using Doppel.Cli.Machines;

namespace Doppel.Tests.Unit.Cli;

/// <summary>The verbs that lead into guests, as far as they go without one.</summary>
public class GettingInTests
{
    [Theory]
    [InlineData("exec", "box")]
    [InlineData("exec", "box", "--")]
    [InlineData("exec", "--", "true")]
    [InlineData("wait", "box", "--for")]
    [InlineData("stop", "box", "--", "true")]
    [InlineData("shell", "box", "--", "true")]
    [InlineData("ssh")]
    [InlineData("cp", "a")]
    [InlineData("cp", "a", "b")]
    [InlineData("cp", "a:/x", "b:/y")]
    [InlineData("cp", "./a:/x", "b")]
    public async Task CommandLine_thatMakesNoSense_isAUsageError(params string[] arguments)
    {
        CliProbe probe = await CliProbe.RunAsync(arguments);
        Assert.Equal(2, probe.Code);
        Assert.Contains("try:", probe.Error, StringComparison.Ordinal);
        Assert.Empty(probe.Out);
    }

    [Theory]
    [InlineData("exec", "no-such-machine", "--", "true")]
    [InlineData("ssh", "no-such-machine")]
    [InlineData("shell", "no-such-machine")]
    [InlineData("wait", "no-such-machine", "--for", "boot")]
    [InlineData("cp", "a", "no-such-machine:/x")]
    [InlineData("cp", "no-such-machine:/x", "a")]
    public async Task Machine_thatIsNotThere_isNotFound(params string[] arguments)
    {
        CliProbe probe = await CliProbe.RunAsync(arguments);
        Assert.Equal(3, probe.Code);
        Assert.Contains("no-such-machine", probe.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec", "-u www-data")]
    [InlineData("ssh", "doppel ssh box --")]
    [InlineData("shell", "doppel console")]
    [InlineData("wait", "--for boot --timeout 2m")]
    [InlineData("cp", "box:/etc/os-release .")]
    public async Task Help_showsExamples(string verb, string example)
    {
        CliProbe probe = await CliProbe.RunAsync(verb, "--help");
        Assert.Equal(0, probe.Code);
        Assert.Contains(example, probe.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", "'plain'")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(x) `y` \"z\" \\", "'$(x) `y` \"z\" \\'")]
    [InlineData("", "''")]
    public void Word_forAShell_isReadBackAsItIs(string word, string quoted) => Assert.Equal(quoted, SshSession.Quote(word));
}
