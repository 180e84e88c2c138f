using Doppel.Core.Clock;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.Core.Clock;

public class TickCounterTests
{
    private readonly ManualClock _clock = new();
    private readonly TickCounter _counter;
    private int _calls;

    public TickCounterTests() => _counter = new TickCounter(_clock, 10_000_000);

    [Fact]
    public void Counter_goes_on_from_what_was_set_and_says_so()
    {
        int jumps = 0;
        _counter.Jumped += () => jumps++;
        _clock.Advance(12_345);
        Assert.Equal(123UL, _counter.Now);
        _counter.Set(5);
        _clock.Advance(1000);
        Assert.Equal(15UL, _counter.Now);
        Assert.Equal(1, jumps);
    }

    [Fact]
    public void Reached_sets_the_alarm_for_the_tick_at_which_the_answer_changes()
    {
        using IVmAlarm alarm = _clock.CreateAlarm(() => _calls++);
        _counter.Set(1000);
        Assert.False(_counter.Reached(1010, alarm));
        _clock.Advance(999);
        Assert.Equal(0, _calls);
        _clock.Advance(1);
        Assert.Equal(1, _calls);
        Assert.True(_counter.Reached(1010, alarm));
    }

    [Fact]
    public void Reached_ends_when_the_counter_wraps_around()
    {
        using IVmAlarm alarm = _clock.CreateAlarm(() => _calls++);
        _counter.Set(ulong.MaxValue);
        Assert.True(_counter.Reached(7, alarm));
        _clock.Advance(100);
        Assert.Equal(1, _calls);
        Assert.False(_counter.Reached(7, alarm));
    }

    [Fact]
    public void Reached_of_what_never_changes_leaves_no_alarm()
    {
        using IVmAlarm alarm = _clock.CreateAlarm(() => _calls++);
        Assert.True(_counter.Reached(0, alarm));
        Assert.False(_counter.Reached(ulong.MaxValue, alarm));
        Assert.Equal(0, _clock.Armed);
    }
}
