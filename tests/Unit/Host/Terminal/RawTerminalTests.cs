using Doppel.Host.Terminal;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.Host.Terminal;

public sealed class RawTerminalTests
{
    [Fact]
    public void Enter_makes_the_terminal_raw_and_dispose_restores_it()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        string before = pty.Modes;
        var terminal = RawTerminal.Enter(pty.Descriptor, pty.Descriptor);
        Assert.True(pty.IsRaw);
        terminal.Dispose();
        Assert.Equal(before, pty.Modes);
        terminal.Dispose();
        Assert.Equal(before, pty.Modes);
    }

    [Fact]
    public void Size_is_the_windows()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        pty.Resize(132, 43);
        using var terminal = RawTerminal.Enter(pty.Descriptor, pty.Descriptor);
        Assert.Equal((132, 43), terminal.Size);
        pty.Resize(80, 25);
        Assert.Equal((80, 25), terminal.Size);
    }

    [Fact]
    public void Enter_of_something_else_than_a_terminal_is_refused()
    {
        using var file = File.OpenHandle(Path.GetTempFileName(), options: FileOptions.DeleteOnClose);
        int descriptor = (int)file.DangerousGetHandle();
        Assert.False(RawTerminal.IsTerminal(descriptor));
        Assert.False(RawTerminal.IsTerminal(-1));
        Assert.Throws<IOException>(() => RawTerminal.Enter(descriptor, descriptor));
    }

    [Fact]
    public void Reader_delivers_bytes_as_they_come_and_can_be_stopped()
    {
        Assert.SkipWhen(PseudoTerminal.Missing is not null, PseudoTerminal.Missing ?? "");
        using var pty = new PseudoTerminal();
        using var terminal = RawTerminal.Enter(pty.Descriptor, pty.Descriptor);
        var received = new System.Collections.Concurrent.BlockingCollection<byte>();
        bool ended = false;
        var reader = new DescriptorReader(
            pty.Descriptor,
            bytes =>
            {
                foreach (byte value in bytes) received.Add(value);
            },
            () => ended = true);
        pty.Type("a\x03\r");
        foreach (byte expected in "a\x03\r"u8.ToArray())
        {
            Assert.True(received.TryTake(out byte actual, TimeSpan.FromSeconds(10)));
            Assert.Equal(expected, actual);
        }

        reader.Dispose();
        reader.Dispose();
        pty.Type("b");
        Assert.False(received.TryTake(out _, TimeSpan.FromMilliseconds(50)));
        Assert.False(ended);
    }

    [Fact]
    public void Writer_fails_on_a_closed_descriptor()
    {
        Assert.False(DescriptorWriter.TryWrite(-1, "x"u8));
        Assert.True(DescriptorWriter.TryWrite(-1, []));
    }
}
