using Doppel.Machine.Named;

namespace Doppel.Tests.Unit.Machine.Named;

public sealed class ConsoleLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Log_goesOn_whereItEnded_andBeginsAnewWhenItIsFull()
    {
        string path = Path.Combine(_folder.Path, "console.log");
        using (var first = new ConsoleLog(path)) first.Write("one "u8);
        using (var second = new ConsoleLog(path))
        {
            second.Write("two"u8);
            Assert.Equal("one two", File.ReadAllText(path));
            second.Write(new byte[ConsoleLog.MaxLength]);
            second.Write("three"u8);
        }

        Assert.Equal("three", File.ReadAllText(path));
        Assert.Equal(ConsoleLog.MaxLength, new FileInfo(ConsoleLog.Before(path)).Length);
    }

    [Fact]
    public void Log_thatCannotBeginAnew_isSilent()
    {
        string path = Path.Combine(_folder.Path, "console.log");
        using var log = new ConsoleLog(path);
        log.Write("one"u8);
        Directory.CreateDirectory(ConsoleLog.Before(path));
        log.Write(new byte[ConsoleLog.MaxLength]);
        log.Write("two"u8);
        Assert.Equal("one", File.ReadAllText(path));
    }
}
