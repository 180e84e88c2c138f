using System.Text.Json;
using Doppel.Cli;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("unknown verb 'rnu'", "doppel run", "rnu")]
    [InlineData("unknown verb 'xyzzy'", "doppel --help", "xyzzy")]
    [InlineData("unknown flag '--memry' for run", "--memory", "run", "--memry", "64M")]
    [InlineData("unknown flag '--memry' for run", "--memory", "run", "--memry=64M")]
    [InlineData("unknown flag '--frob'", "doppel --help", "--frob")]
    [InlineData("'b' is one argument too many for run", "doppel run --help", "run", "a", "b")]
    [InlineData("required argument missing for option: '--memory'", "doppel run --help", "run", "--memory")]
    [InlineData("no command follows '--'", "doppel run -- uname -a", "run", "--")]
    [InlineData("only run, exec and ssh take a command after '--'", "doppel run -- CMD", "doctor", "--", "ls")]
    [InlineData("--cpus: '9' is not a number from 1 to 8", "--cpus 8", "run", "--cpus", "9")]
    [InlineData("--memory: '64' has no unit", "--memory 64M", "run", "-m", "64")]
    [InlineData("--initrd needs a kernel to read it", "--kernel FILE --initrd FILE", "run", "--initrd", "x")]
    [InlineData("only Doppel's own guests can be given a command", "leave --kernel and --bios out", "run", "--kernel", "x", "--", "ls")]
    [InlineData("--package adds to the default guest only", "leave --kernel and --bios out", "run", "--bios", "x", "--package", "p")]
    [InlineData("--perf-map names generated code, and the interpreter makes none", "--engine translator", "run", "--perf-map", "--engine", "interpreter")]
    [InlineData("--clock: 'vitrual' is none of real, virtual", "--clock virtual", "run", "--clock", "vitrual")]
    [InlineData("--seed needs --clock virtual: with the real clock no run is like another", "--clock virtual --seed N", "run", "--seed", "1")]
    [InlineData("--seed: '-1' is not a number from 0 to 18446744073709551615", "--seed 1", "run", "--clock", "virtual", "--seed=-1")]
    [InlineData("--start-time: 'today' is no date since 1970", "--start-time 2026-01-01T00:00:00Z", "run", "--clock", "virtual", "--start-time", "today")]
    [InlineData("--start-time needs --clock virtual: the real clock has the host's time", "--clock virtual --start-time TIME", "run", "--start-time", "2030-01-01")]
    [InlineData("--trace hash needs --clock virtual: with the real clock no run is like another", "--clock virtual --trace hash", "run", "--trace", "hash")]
    [InlineData("--net: '?' is no network", "--net user, --net NAME, --net tap:NAME or --net NAME,vlan=2,mac=02:00:5e:10:00:01", "run", "--net", "?")]
    [InlineData("--publish needs a network of the kind user to lead into", "--net user", "run", "--net", "none", "-p", "80:80")]
    [InlineData("--publish: '80:' is no port forward", "[ADDRESS:]PORT:[GUEST:]PORT[/udp], such as 8080:80, 0.0.0.0:5353:53/udp or [::1]:2222:22", "run", "-p", "80:")]
    [InlineData("--passes and --mode are about translated code", "--ir or --host", "disasm", "x", "--mode", "user")]
    [InlineData("--mode: 'root' is none of user, supervisor, machine", "--mode user", "disasm", "x", "--ir", "--mode", "root")]
    [InlineData("a symbol and an ADDRESS are two beginnings", "one of the two", "disasm", "x", "0x1000", "--symbol", "main")]
    [InlineData("ADDRESS: 'main' is not an address", "ADDRESS 0x80000000", "disasm", "x", "main", "--ir")]
    [InlineData("--format: 'xml' is none of table, json", "--format table", "doctor", "--format", "xml")]
    public async Task Command_line_without_sense_ends_with_2_and_says_what_to_try(string problem, string hint, params string[] arguments)
    {
        CliProbe probe = await CliProbe.RunAsync(arguments);
        Assert.Equal(2, probe.Code);
        Assert.Equal($"doppel: {problem}\ntry: {hint}\n", probe.Error);
        Assert.Empty(probe.Out);
    }

    [Fact]
    public async Task Command_line_with_several_problems_names_them_all()
    {
        CliProbe probe = await CliProbe.RunAsync("run", "--cpus", "0", "--memory", "x", "--engine", "y", "--disk", "");
        Assert.Equal(2, probe.Code);
        Assert.Equal(4, probe.Error.Split('\n').Count(l => l.StartsWith("doppel: --", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task No_verb_shows_help_on_stderr_and_ends_with_2()
    {
        CliProbe probe = await CliProbe.RunAsync();
        Assert.Equal(2, probe.Code);
        Assert.Contains("completion", probe.Error, StringComparison.Ordinal);
        Assert.Empty(probe.Out);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("disasm")]
    [InlineData("doctor")]
    [InlineData("completion")]
    public async Task Every_verb_has_help(string verb)
    {
        CliProbe probe = await CliProbe.RunAsync(verb, "--help");
        Assert.Equal(0, probe.Code);
        Assert.Contains($"doppel {verb}", probe.Out, StringComparison.Ordinal);
        Assert.Empty(probe.Error);
        CliProbe same = await CliProbe.RunAsync("help", verb);
        Assert.Equal(probe.Out, same.Out);
    }

    [Fact]
    public async Task Version_is_that_of_the_build()
    {
        CliProbe probe = await CliProbe.RunAsync("--version");
        Assert.Equal(0, probe.Code);
        Assert.Matches(@"^doppel \d+\.\d+\.\d+ \(\.NET 10\.", probe.Out);
    }

    [Theory]
    [InlineData("doppel ru", "run")]
    [InlineData("doppel run --memor", "--memory")]
    [InlineData("doppel run --engine ", "interpreter")]
    [InlineData("doppel disasm x --passes ", "none")]
    [InlineData("doppel disasm x --mode ", "supervisor")]
    [InlineData("doppel run --perf", "--perf-map")]
    [InlineData("doppel completion b", "bash")]
    public async Task Completion_knows_verbs_flags_and_values(string line, string expected)
    {
        CliProbe probe = await CliProbe.RunAsync($"[suggest:{line.Length}]", line);
        Assert.Contains(expected, probe.Out.Split('\n', StringSplitOptions.TrimEntries));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _doppel doppel")]
    [InlineData("zsh", "#compdef doppel")]
    [InlineData("fish", "complete -c doppel")]
    public async Task Completion_script_is_printed_for_the_shell(string shell, string part) =>
        Assert.Contains(part, (await CliProbe.RunAsync("completion", shell)).Out, StringComparison.Ordinal);

    [Fact]
    public async Task Doctor_prints_a_table_and_an_array_of_the_same_checks()
    {
        CliProbe table = await CliProbe.RunAsync("doctor");
        CliProbe json = await CliProbe.RunAsync("doctor", "--format", "json");
        using JsonDocument document = JsonDocument.Parse(json.Out);
        Assert.Equal(JsonValueKind.Array, document.RootElement.ValueKind);
        Assert.Equal(document.RootElement.GetArrayLength() + 1, table.Out.TrimEnd().Split('\n').Length);
        Assert.All(document.RootElement.EnumerateArray(), c => Assert.Contains(c.GetProperty("name").GetString()!, table.Out, StringComparison.Ordinal));
        Assert.DoesNotContain("\x1b", table.Out, StringComparison.Ordinal);
    }

    public static TheoryData<Exception, int, string> Errors() => new()
    {
        { new DoppelException(ErrorKind.NotFound, "k: no such file", "ls"), 3, "doppel: k: no such file\ntry: ls\n" },
        { new DoppelException(ErrorKind.Corrupt, "a: bad\nb: bad", null), 9, "doppel: a: bad\ndoppel: b: bad\n" },
        { new AggregateException(new DoppelException(ErrorKind.TimedOut, "slow")), 6, "doppel: slow\n" },
        { new OperationCanceledException(), 130, "doppel: interrupted\n" },
        { new UnauthorizedAccessException("no"), 5, "doppel: no\n" },
        { new FileNotFoundException("gone"), 3, "doppel: gone\n" },
        { new OutOfMemoryException("8 EiB"), 8, "doppel: out of memory: 8 EiB\ntry: less --memory, or another host\n" },
    };

    [Theory]
    [MemberData(nameof(Errors), DisableDiscoveryEnumeration = true)]
    public void Error_gives_its_code_and_no_stack_trace(Exception exception, int code, string text)
    {
        var probe = new CliProbe();
        Assert.Equal(code, new ErrorReport(probe.Context()).Write(exception));
        Assert.Equal(text, probe.Error);
    }

    [Fact]
    public void Error_of_ours_says_so_and_shows_where_only_if_asked()
    {
        var plain = new CliProbe();
        Assert.Equal(1, new ErrorReport(plain.Context()).Write(new InvalidOperationException("oops")));
        Assert.Equal("doppel: internal error: InvalidOperationException: oops\ntry: DOPPEL_DEBUG=1 shows where; please report it\n", plain.Error);
        var debug = new CliProbe { Environment = { ["DOPPEL_DEBUG"] = "1" } };
        new ErrorReport(debug.Context()).Write(new InvalidOperationException("oops"));
        Assert.Contains("System.InvalidOperationException", debug.Error, StringComparison.Ordinal);
    }
}
