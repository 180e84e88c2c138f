using System.Text;
using Doppel.Cli.Run;

namespace Doppel.Tests.Unit.Cli;

public sealed class EscapeKeysTests
{
    private readonly HandClock _clock = new();

    [Theory]
    [InlineData("ls\r", "ls\r", "None")]
    [InlineData("a\u001dqb", "a", "Detach")]
    [InlineData("a\u001dxb", "a", "Kill")]
    [InlineData("\u001d\u0018", "", "Kill")]
    [InlineData("\u001d?", "", "Help")]
    [InlineData("\u001d]", "\u001d", "None")]
    [InlineData("\u001d\u001dq", "\u001dq", "None")]
    [InlineData("\u001dz", "\u001dz", "None")]
    [InlineData("\u0003", "\u0003", "None")]
    [InlineData("\u0003\u0003", "\u0003", "Interrupt")]
    [InlineData("\u0003a\u0003", "\u0003a\u0003", "None")]
    public void Keys_are_ours_or_the_guests(string typed, string guest, string action)
    {
        (string actual, EscapeAction got, _) = Type(new EscapeKeys(_clock), typed);
        Assert.Equal((guest, action), (actual, got.ToString()));
    }

    [Fact]
    public void Keys_typed_one_by_one_are_found_alike()
    {
        var keys = new EscapeKeys(_clock);
        Assert.Equal(("", EscapeAction.None, 1), Type(keys, "\u001d"));
        Assert.Equal(("", EscapeAction.Kill, 1), Type(keys, "x"));
    }

    [Fact]
    public void Control_c_twice_slowly_is_the_guests()
    {
        var keys = new EscapeKeys(_clock);
        Assert.Equal("\u0003", Type(keys, "\u0003").Guest);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(("\u0003", EscapeAction.None, 1), Type(keys, "\u0003"));
    }

    [Fact]
    public void Keys_after_ours_are_left_for_the_next_call() => Assert.Equal(3, Type(new EscapeKeys(_clock), "a\u001dqrest").Taken);

    private static (string Guest, EscapeAction Action, int Taken) Type(EscapeKeys keys, string typed)
    {
        byte[] guest = new byte[typed.Length + 1];
        EscapeAction action = keys.Filter(Encoding.Latin1.GetBytes(typed), guest, out int taken, out int length);
        return (Encoding.Latin1.GetString(guest, 0, length), action, taken);
    }

    private sealed class HandClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
