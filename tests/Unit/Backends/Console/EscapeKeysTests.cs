using System.Text;
using Doppel.Backends.Console;

namespace Doppel.Tests.Unit.Backends.Console;

public sealed class EscapeKeysTests : TimeProvider
{
    private readonly EscapeKeys _keys;
    private long _ticks;

    public EscapeKeysTests() => _keys = new EscapeKeys(this);

    [Theory]
    [InlineData('q', 2)]
    [InlineData('x', 3)]
    [InlineData('\x18', 3)]
    [InlineData('\x11', 2)]
    [InlineData('?', 4)]
    [InlineData('\x1d', 0)]
    [InlineData('z', 1)]
    [InlineData('\x03', 1)]
    public void Key_after_the_prefix_acts(char key, int action)
    {
        Assert.Equal(EscapeAction.None, _keys.Next(EscapeKeys.Prefix, true));
        Assert.Equal((EscapeAction)action, _keys.Next((byte)key, true));
        Assert.Equal(EscapeAction.Pass, _keys.Next((byte)'q', true));
    }

    [Fact]
    public void Interrupt_twice_within_a_second_without_an_answer_kills()
    {
        Assert.Equal(EscapeAction.Pass, _keys.Next(3, true));
        _ticks += TimeSpan.TicksPerSecond;
        Assert.Equal(EscapeAction.Interrupt, _keys.Next(3, true));
    }

    [Fact]
    public void Interrupt_twice_slowly_or_answered_or_with_a_key_between_is_the_guests()
    {
        Assert.Equal(EscapeAction.Pass, _keys.Next(3, true));
        _ticks += TimeSpan.TicksPerSecond + 1;
        Assert.Equal(EscapeAction.Pass, _keys.Next(3, true));
        Assert.Equal(EscapeAction.Pass, _keys.Next(3, false));
        Assert.Equal(EscapeAction.Pass, _keys.Next((byte)'a', true));
        Assert.Equal(EscapeAction.Pass, _keys.Next(3, true));
    }

    [Theory]
    [InlineData("\x1b[?1049h", true)]
    [InlineData("\x1b[?47h text", true)]
    [InlineData("\x1b\x1b[?1047h", true)]
    [InlineData("\x1b[?1049h\x1b[2J\x1b[?1049l$ ", false)]
    [InlineData("\x1b[?25h", false)]
    [InlineData("\x1b[1049h", false)]
    [InlineData("[?1049h", false)]
    [InlineData("\x1b[?99999999991049h", false)]
    public void Screen_watch_knows_the_alternate_screen(string output, bool alternate)
    {
        var whole = new ScreenWatch();
        whole.See(Encoding.Latin1.GetBytes(output));
        Assert.Equal(alternate, whole.Alternate);
        var pieces = new ScreenWatch();
        foreach (byte value in Encoding.Latin1.GetBytes(output)) pieces.See([value]);
        Assert.Equal(alternate, pieces.Alternate);
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;
}
