using Doppel.Core.Clock;
using Doppel.Core.Vcpu;
using Doppel.Engines;
using Doppel.Tests.Unit.RiscV.Hart;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Core.Clock;

public sealed class VirtualClockTests : IDisposable
{
    private const string Counting =
        """
        again:
            addi s0, s0, 1
            addi s1, s1, 1
            addi s2, s2, 1
            j again
        """;

    private readonly VirtualClock _clock = new(1_000);
    private readonly HartBench _bench = new(Counting);

    public void Dispose()
    {
        _bench.Dispose();
        _clock.Dispose();
    }

    [Fact]
    public void Instructions_are_nanoseconds()
    {
        _clock.BeginTurn(_bench.Hart, 100);
        Assert.Equal(StopReason.Budget, _bench.Hart.Run(37));
        Assert.Equal(37, _clock.Nanoseconds);
        Assert.Equal(1_037, _clock.UnixNanoseconds);
        Assert.Equal(37, _clock.EndTurn());
        Assert.Equal(37, _clock.Nanoseconds);
    }

    [Fact]
    public void Other_threads_see_the_begin_of_the_turn()
    {
        _clock.BeginTurn(_bench.Hart, 100);
        _bench.Hart.Run(37);
        long seen = -1;
        var thread = new Thread(() => seen = _clock.Nanoseconds);
        thread.Start();
        thread.Join();
        Assert.Equal(0, seen);
    }

    [Fact]
    public void Alarms_come_in_order_and_when_they_are_due()
    {
        List<string> called = [];
        using IVmAlarm late = _clock.CreateAlarm(() => called.Add("late")), early = _clock.CreateAlarm(() => called.Add("early")), second = _clock.CreateAlarm(() => called.Add("second"));
        late.Set(60);
        early.Set(50);
        second.Set(50);
        Assert.Equal(50, Budget());
        Assert.False(_clock.ServeDue());
        Assert.True(_clock.JumpToAlarm());
        Assert.Equal(50, _clock.Nanoseconds);
        Assert.True(_clock.ServeDue());
        Assert.Equal(["early", "second"], called);
        Assert.Equal(10, Budget());
        late.Cancel();
        Assert.Equal(1000, Budget());
        Assert.False(_clock.JumpToAlarm());
        early.Set(7);
        Assert.Equal(0, Budget());
        Assert.True(_clock.ServeDue());
        Assert.Equal(["early", "second", "early"], called);
    }

    [Fact]
    public void Alarm_that_fails_is_counted_and_the_others_come()
    {
        bool called = false;
        _clock.CreateAlarm(() => throw new InvalidOperationException()).Set(0);
        _clock.CreateAlarm(() => called = true).Set(0);
        Assert.True(_clock.ServeDue());
        Assert.True(called);
        Assert.Equal(1, _clock.AlarmFaults.Value);
    }

    [Fact]
    public void Only_an_alarm_within_the_turn_hurries()
    {
        int hurries = 0;
        _clock.Hurried += () => hurries++;
        using IVmAlarm alarm = _clock.CreateAlarm(() => { });
        alarm.Set(10);
        Assert.Equal(1, hurries);
        alarm.Cancel();
        Assert.Equal(100, _clock.BeginTurn(_bench.Hart, 100));
        alarm.Set(100);
        Assert.Equal(1, hurries);
        alarm.Set(99);
        Assert.Equal(2, hurries);
        _clock.EndTurn();
    }

    [Fact]
    public void Turns_go_on_where_they_were()
    {
        using var other = new HartBench(Counting);
        SnapshotContract.Check(() => new VirtualTimeWork([_bench.Hart, other.Hart], new VirtualClock(0)), work =>
        {
            // A kick ends a turn for a moment only.
            work.Run();
            _bench.Hart.Kick();
            other.Hart.Kick();
            Assert.Equal(StopReason.Kicked, work.Run());
        });
    }

    [Fact]
    public void Vcpus_take_turns_of_equal_length()
    {
        using var other = new HartBench(Counting);
        using var work = new VirtualTimeWork([_bench.Hart, other.Hart], _clock);
        for (int turn = 0; turn < 6; turn++) Assert.Equal(StopReason.Budget, work.Run());
        Assert.Equal(_bench.Hart.InstructionsExecuted, other.Hart.InstructionsExecuted);
        Assert.Equal(_clock.Nanoseconds, (long)(_bench.Hart.InstructionsExecuted + other.Hart.InstructionsExecuted));
    }

    [Fact]
    public void Alarm_divides_a_turn()
    {
        using var work = new VirtualTimeWork([_bench.Hart], _clock);
        List<(long, ulong)> called = [];
        IVmAlarm alarm = null!;
        alarm = _clock.CreateAlarm(() =>
        {
            called.Add((_clock.Nanoseconds, _bench.Hart.InstructionsExecuted));
            alarm.Set(_clock.Nanoseconds + 1001);
        });
        alarm.Set(3);
        for (int run = 0; run < 5; run++) work.Run();
        Assert.Equal([(3, 3UL), (1004, 1004UL), (2005, 2005UL), (3006, 3006UL)], called);
    }

    [Fact]
    public void Waiting_without_an_alarm_ends_with_a_kick()
    {
        using var waiting = new HartBench("again: wfi\n j again");
        using var work = new VirtualTimeWork([waiting.Hart], _clock);
        using var kick = new Timer(_ => work.Kick(), null, 50, Timeout.Infinite);
        while (work.Run() != StopReason.Kicked)
        {
        }

        Assert.Equal(1, _clock.Nanoseconds);
    }

    private long Budget()
    {
        long budget = _clock.BeginTurn(_bench.Hart, 1000);
        _clock.EndTurn();
        return budget;
    }
}
