using System.Text;
using Doppel.Backends.Console;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class MemoryConsoleTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private readonly MemoryConsole _console = new(1000);

    private IConsoleBackend Guest => _console;

    [Fact]
    public async Task Wait_finds_text_that_is_there_and_goes_on_behind_it()
    {
        Guest.Write("login: root\r\n# "u8);
        Assert.Equal("login: ", await _console.WaitForAsync("login: ", Long));
        Assert.Equal("root\r\n# ", await _console.WaitForAsync("# ", Long));
        await Assert.ThrowsAsync<DoppelException>(() => _console.WaitForAsync("login", TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public async Task Wait_finds_text_that_comes_in_pieces()
    {
        Task<string> waiting = _console.WaitForAsync("login:", Long);
        foreach (string piece in (string[])["boo", "t\r\nl", "og", "in", ": x"]) Guest.Write(Encoding.ASCII.GetBytes(piece));
        Assert.Equal("boot\r\nlogin:", await waiting);
    }

    [Fact]
    public async Task Wait_that_is_too_long_says_what_was_shown()
    {
        Guest.Write("Kernel panic"u8);
        var error = await Assert.ThrowsAsync<DoppelException>(() => _console.WaitForAsync("login:", TimeSpan.FromMilliseconds(10)));
        Assert.Equal(ErrorKind.TimedOut, error.Kind);
        Assert.Contains("Kernel panic", error.Message);
    }

    [Fact]
    public async Task Wait_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        Task<string> waiting = _console.WaitForAsync("never", Long, cancel.Token);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Output_beyond_the_limit_drops_the_oldest_and_waiting_still_works()
    {
        Task<string> waiting = _console.WaitForAsync("end", Long);
        for (int i = 0; i < 1000; i++) Guest.Write("0123456789"u8);
        Guest.Write("end"u8);
        Assert.EndsWith("end", await waiting);
        Assert.InRange(_console.Output.Length, 1000, 1250);
    }

    [Fact]
    public void Input_typed_is_read_in_order_and_can_end()
    {
        int raised = 0;
        _console.InputAvailable += () => raised++;
        _console.Send("a");
        _console.SendLine("b");
        byte[] buffer = new byte[10];
        Assert.Equal(3, Guest.Read(buffer));
        Assert.Equal("ab\r"u8.ToArray(), buffer[..3]);
        Assert.False(_console.InputEnded);
        _console.EndInput();
        Assert.True(_console.InputEnded);
        Assert.Equal(3, raised);
    }

    [Fact]
    public void Resize_is_told()
    {
        int raised = 0;
        _console.Resized += () => raised++;
        _console.Resize(100, 40);
        Assert.Equal((100, 40), _console.Size);
        Assert.Equal(1, raised);
    }
}
