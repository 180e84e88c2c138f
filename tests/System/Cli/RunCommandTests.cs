using System.Security.Cryptography;
using System.Text;

namespace Doppel.Tests.System.Cli;

/// <summary><c>doppel run -- CMD</c> with the real command and the real guest.</summary>
[Collection(BootCollection.Name)]
public sealed class RunCommandTests(DefaultGuest guest)
{
    [Fact]
    public async Task Command_names_the_debian_kernel_and_leaves_stderr_empty()
    {
        DoppelResult result = await RunAsync("uname", "-a");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Matches(@"^Linux \S+ 6\.\d+\.\d+\S*-riscv64 .*Debian.* riscv64 GNU/Linux\n$", result.Out);
    }

    [Theory]
    [InlineData(0, "true")]
    [InlineData(1, "false")]
    [InlineData(42, "sh", "-c", "exit 42")]
    [InlineData(127, "no-such-command")]
    [InlineData(126, "/etc")]
    [InlineData(143, "sh", "-c", "kill $$")]
    public async Task Exit_code_is_the_commands(int code, params string[] command) => Assert.Equal(code, (await RunAsync(command)).Code);

    [Fact]
    public async Task Streams_are_the_commands_and_stay_apart()
    {
        DoppelResult result = await RunAsync("sh", "-c", "echo one; echo two >&2; printf three");
        Assert.Equal(("one\nthree", "two\n"), (result.Out, result.Error));
    }

    [Fact]
    public async Task Arguments_arrive_as_they_are()
    {
        string[] arguments = ["a b", "", "'\"$HOME`x`\\", "ümläut", "-- --x", "new\nline"];
        DoppelResult result = await RunAsync(["printf", "[%s]", .. arguments]);
        Assert.Equal(string.Concat(arguments.Select(a => $"[{a}]")), result.Out);
    }

    [Fact]
    public async Task Input_of_a_megabyte_comes_back_byte_by_byte()
    {
        byte[] input = RandomNumberGenerator.GetBytes(1 << 20);
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, input, "run", "--", "cat");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(SHA256.HashData(input), SHA256.HashData(result.OutBytes));
    }

    [Fact]
    public async Task Time_limit_kills_the_machine()
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--timeout", "3s", "--", "sleep", "1000");
        Assert.Equal(6, result.Code);
        Assert.Contains("doppel: the command did not end within 3 s\ntry: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_twice_kills_and_once_only_says_so()
    {
        guest.Require();
        using var process = new DoppelProcess("run", "--", "sh", "-c", "echo up >&2; sleep 1000");
        await process.WaitForErrorAsync("up", Limits.Boot);
        process.Signal("INT");
        await process.WaitForErrorAsync("doppel: Ctrl-C again kills the machine", Limits.Command);
        process.Signal("INT");
        Assert.Equal(130, (await process.WaitAsync(Limits.Command)).Code);
    }

    [Fact]
    public async Task Termination_ends_the_machine_at_once()
    {
        guest.Require();
        using var process = new DoppelProcess("run", "--", "sh", "-c", "echo up >&2; sleep 1000");
        await process.WaitForErrorAsync("up", Limits.Boot);
        process.Signal("TERM");
        Assert.Equal(143, (await process.WaitAsync(Limits.Command)).Code);
    }

    [Fact]
    public async Task Verbose_shows_the_kernels_messages_on_stderr()
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--verbose", "--", "echo", "done");
        Assert.Equal((0, "done\n"), (result.Code, result.Out));
        Assert.Contains("Linux version 6.", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "sv39")]
    [InlineData(2, "sv48")]
    [InlineData(4, "sv57")]
    public async Task Machine_has_the_processors_that_were_asked_for(int cpus, string paging)
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--cpus", $"{cpus}", "--mmu", paging, "--", "sh", "-c", "nproc; grep -c ^mmu.*" + paging + " /proc/cpuinfo");
        Assert.Equal((0, $"{cpus}\n{cpus}\n", ""), (result.Code, result.Out, result.Error));
    }

    [Theory]
    [InlineData("96M", 25, 96)]
    [InlineData("2G", 1900, 2048)]
    public async Task Machine_has_the_memory_that_was_asked_for(string memory, int least, int most)
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [], "run", "--memory", memory, "--", "sh", "-c", "awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.InRange(int.Parse(result.Out, global::System.Globalization.CultureInfo.InvariantCulture), least, most);
    }

    [Theory]
    [InlineData("echo $((6*7)); exit 3\n", 3)]
    [InlineData("echo $((6*7))\npoweroff\nsleep 100\n", 0)]
    public async Task Script_on_standard_input_is_run_by_the_guests_shell(string script, int code)
    {
        guest.Require();
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, Encoding.UTF8.GetBytes(script), "run");
        Assert.Equal((code, "42\n"), (result.Code, result.Out));
    }

    private async Task<DoppelResult> RunAsync(params string[] command)
    {
        guest.Require();
        return await DoppelProcess.RunAsync(Limits.Boot, [], ["run", "--", .. command]);
    }
}
