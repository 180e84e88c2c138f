using System.Text;
using Doppel.Backends.Console;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class HiddenLineTests
{
    [Theory]
    [InlineData("secret\r", "secret")]
    [InlineData("secret\n", "secret")]
    [InlineData("sex\u007fcret\r", "secret")]
    [InlineData("Grüx\b\bße\r", "Grße")]
    [InlineData("\b\bok\r", "ok")]
    [InlineData("wrong\u0015right\r", "right")]
    [InlineData("a\u0004b\u0001\r", "ab")]
    [InlineData("\r", "")]
    public void Keys_make_the_line(string keys, string line) => Assert.Equal((true, line), Type(keys));

    [Theory]
    [InlineData("sec\u0003")]
    [InlineData("\u0004")]
    [InlineData("x\b\u0004")]
    public void User_may_give_up(string keys) => Assert.False(Type(keys).Accepted);

    [Fact]
    public void Line_that_does_not_end_has_bounds()
    {
        var line = new HiddenLine();
        for (int i = 0; i < 100_000; i++) Assert.Null(line.Take((byte)'x'));
        Assert.InRange(line.Text.Length, 1, 10_000);
    }

    private static (bool? Accepted, string Line) Type(string keys)
    {
        var line = new HiddenLine();
        bool? accepted = null;
        foreach (byte key in Encoding.UTF8.GetBytes(keys)) accepted ??= line.Take(key);
        return (accepted, line.Text);
    }
}
