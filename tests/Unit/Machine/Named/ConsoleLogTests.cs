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
        Write(path, "one "u8);
        Write(path, "two"u8);
        Assert.Equal("one two", File.ReadAllText(path));
        Write(path, new byte[ConsoleLog.MaxLength]);
        Write(path, "three"u8);
        Assert.Equal("three", File.ReadAllText(path));
        Assert.Equal(ConsoleLog.MaxLength, new FileInfo(ConsoleLog.Before(path)).Length);
    }

    [Fact]
    public void Log_thatCannotBeginAnew_isSilent()
    {
        string path = Path.Combine(_folder.Path, "console.log");
        Write(path, "one"u8);
        Directory.CreateDirectory(ConsoleLog.Before(path));
        Write(path, new byte[ConsoleLog.MaxLength]);
        Assert.Equal("one", File.ReadAllText(path));
    }

    [Fact]
    public void Log_hasEverything_inOrder_whenMoreComesThanCanBeOnItsWay()
    {
        string path = Path.Combine(_folder.Path, "console.log");
        byte[] all = new byte[5 << 20];
        new Random(1).NextBytes(all);
        using (var log = new ConsoleLog(path))
        {
            foreach (byte[] part in all.Chunk(100_000)) log.Write(part);
        }

        Assert.Equal(all, File.ReadAllBytes(path));
    }

    private static void Write(string path, ReadOnlySpan<byte> data)
    {
        using var log = new ConsoleLog(path);
        log.Write(data);
    }
}
