using System.Text;
using Doppel.Backends.Console;
using Doppel.Host.Terminal;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class TerminalConsoleTests
{
    [Fact]
    public void Keys_and_output_pass_as_they_are()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        string before = pty.Modes;
        using (TerminalConsole console = Open(pty))
        {
            pty.Type("ls\r\x1b[A\x03\x1a");
            Assert.Equal("ls\r\x1b[A\x03\x1a", Read(console, 8));
            console.Write("# \n\xff"u8);
            Assert.Equal("# \n\u00c3\u00bf", pty.ReadUntil("\u00bf"));
        }

        Assert.Equal(before, pty.Modes);
    }

    [Fact]
    public void Escape_keys_act_and_are_not_the_guests()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        using TerminalConsole console = Open(pty);
        using var kill = new ManualResetEventSlim();
        using var detach = new ManualResetEventSlim();
        console.KillRequested += kill.Set;
        console.DetachRequested += detach.Set;
        pty.Type("a\x1dqb\x1d\x1d\x1dxc\x1d?\x1dz");
        Assert.Equal("ab\x1d" + "c", Read(console, 4));
        Assert.True(detach.Wait(10_000));
        Assert.True(kill.Wait(10_000));
        pty.ReadUntil("kill");
    }

    [Fact]
    public void Interrupt_twice_kills_only_a_guest_that_does_not_answer()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        using TerminalConsole console = Open(pty);
        using var kill = new ManualResetEventSlim();
        console.KillRequested += kill.Set;
        pty.Type("\x03");
        Assert.Equal("\x03", Read(console, 1));
        console.Write("^C\r\n# "u8);
        pty.Type("\x03");
        Assert.Equal("\x03", Read(console, 1));
        Assert.False(kill.IsSet);
        pty.Type("\x03");
        Assert.True(kill.Wait(10_000));
    }

    [Fact]
    public void Interrupt_twice_in_a_full_screen_program_is_the_programs()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        using TerminalConsole console = Open(pty);
        bool killed = false;
        console.KillRequested += () => killed = true;
        console.Write("\x1b[?1049h"u8);
        pty.Type("\x03\x03");
        Assert.Equal("\x03\x03", Read(console, 2));
        Assert.False(killed);
    }

    [Fact]
    public async Task Dispose_shows_the_rest_of_the_output()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        TerminalConsole console = Open(pty);
        string text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i} ")) + "end";
        console.Write(Encoding.ASCII.GetBytes(text));
        var closing = Task.Run(console.Dispose);
        Assert.Equal(text, pty.ReadUntil("end"));
        await closing.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static TerminalConsole Open(PseudoTerminal pty) => new(RawTerminal.Enter(pty.Descriptor, pty.Descriptor), TimeProvider.System);

    private static string Read(TerminalConsole console, int count)
    {
        string text = "";
        byte[] buffer = new byte[16];
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                {
                    text += Encoding.Latin1.GetString(buffer, 0, console.Read(buffer.AsSpan(0, Math.Min(16, count - text.Length))));
                    return text.Length == count;
                },
                TimeSpan.FromSeconds(10)),
            $"only '{text}' arrived");
        return text;
    }
}
