using System.Diagnostics;

namespace Doppel.Tests.System.Cli;

/// <summary>The interactive console in a real terminal, driven by expect.</summary>
[Collection(BootCollection.Name)]
public sealed class ConsoleTests(DefaultGuest guest)
{
    /// <summary>Starts the command in a shell in a terminal, compares the terminal's settings before and after, and prints the exit code.</summary>
    private const string Frame = """
        set timeout 180
        log_user 1
        spawn -noecho sh
        proc fail {what} { puts "\nFAILED: $what"; exit 1 }
        expect_before { timeout { fail "timeout" } eof { fail "eof" } }
        send "PS1=; stty rows 33 cols 101; before=`stty -g`; echo rea''dy\r"
        expect "ready\r\n"
        send "$env(DOPPEL) run; echo co''de=\$?; test \"\$before\" = \"`stty -g`\" && echo sa''me || echo dif''ferent; echo fin''ished\r"
        @DIALOGUE@
        expect "code=@CODE@\r\n"
        expect "same\r\n"
        expect "finished\r\n"
        send "exit\r"
        exit 0
        """;

    private const string Prompt = "expect \"Ctrl-]\"\nexpect \"# \"\n";

    [Fact]
    public Task Shell_answers_and_poweroff_ends_with_0_and_a_restored_terminal() => RunAsync(0, Prompt + """
        send "uname -a\r"
        expect -re {Linux \S+ 6\..*riscv64}
        send "stty size\r"
        expect "33 101"
        send "poweroff\r"
        """);

    [Fact]
    public Task Exit_of_the_shell_ends_with_0() => RunAsync(0, Prompt + "send \"exit\\r\"\n");

    [Fact]
    public Task Kill_key_kills_and_restores_the_terminal() => RunAsync(137, Prompt + "send \"\\035x\"\n");

    [Fact]
    public Task Interrupt_reaches_the_guest_and_not_us() => RunAsync(0, Prompt + """
        send "sleep 1000; echo interrupted=$?\r"
        sleep 2
        send "\003"
        expect "# "
        send "echo al''ive\r"
        expect "alive"
        send "poweroff\r"
        """);

    [Fact]
    public Task Resize_reaches_the_guest() => RunAsync(0, Prompt + """
        stty rows 44 columns 122 < $spawn_out(slave,name)
        sleep 1
        send "stty size\r"
        expect "44 122"
        send "poweroff\r"
        """, restoresSize: false);

    [Fact]
    public Task Detach_leaves_the_machine_running_and_enter_comes_back() => RunAsync(0, Prompt + """
        send "\035q"
        expect "detached"
        sleep 1
        send "\r"
        expect "Ctrl-]"
        send "echo ba''ck\r"
        expect "back"
        send "poweroff\r"
        """);

    [Fact]
    public Task Termination_restores_the_terminal() => RunAsync(143, Prompt + """
        exec sh -c "kill -TERM \$(pgrep -n -P [exp_pid] doppel)"
        """);

    private async Task RunAsync(int code, string dialogue, bool restoresSize = true)
    {
        guest.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/expect"), "expect is not installed");
        string script = Frame.Replace("@DIALOGUE@", dialogue, StringComparison.Ordinal).Replace("@CODE@", $"{code}", StringComparison.Ordinal);
        Assert.True(restoresSize || script.Contains("stty rows 44", StringComparison.Ordinal));
        var start = new ProcessStartInfo("/usr/bin/expect", ["-"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOPPEL"] = DoppelProcess.Executable;
        start.Environment["TERM"] = "xterm";
        using Process expect = Process.Start(start)!;
        Task<string> output = expect.StandardOutput.ReadToEndAsync(), error = expect.StandardError.ReadToEndAsync();
        await expect.StandardInput.WriteAsync(script);
        expect.StandardInput.Close();
        using var late = new CancellationTokenSource(Limits.Boot);
        try
        {
            await expect.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            expect.Kill(entireProcessTree: true);
        }

        Assert.True(expect.HasExited && expect.ExitCode == 0, $"The dialogue failed:\n{await output}\n{await error}");
    }
}
