using System.Diagnostics;
using Doppel.Core.Clock;

namespace Doppel.Tests.Unit.Core.Clock;

public sealed class RealClockTests : IDisposable
{
    private const long Millisecond = 1_000_000;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private readonly RealClock _clock = new();

    public void Dispose() => _clock.Dispose();

    [Fact]
    public void Time_stands_still_until_resumed()
    {
        Thread.Sleep(2);
        Assert.Equal(0, _clock.Nanoseconds);
        _clock.Resume();
        Assert.True(SpinWait.SpinUntil(() => _clock.Nanoseconds > Millisecond, Long));
    }

    [Fact]
    public void Pause_stops_time_and_resume_goes_on_from_there()
    {
        _clock.Resume();
        Thread.Sleep(2);
        _clock.Pause();
        long paused = _clock.Nanoseconds;
        Thread.Sleep(20);
        Assert.Equal(paused, _clock.Nanoseconds);
        var since = Stopwatch.StartNew();
        _clock.Resume();
        long now = _clock.Nanoseconds;
        Assert.InRange(now, paused, paused + since.ElapsedTicks * 1_000_000_000 / Stopwatch.Frequency + Millisecond);
    }

    [Fact]
    public void Set_time_keeps_the_hosts_wall_clock()
    {
        _clock.SetTo(3600L * 1000 * Millisecond);
        Assert.Equal(3600L * 1000 * Millisecond, _clock.Nanoseconds);
        long host = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Assert.InRange(_clock.UnixNanoseconds / Millisecond, host - 10_000, host + 1000);
        _clock.Resume();
        Assert.Throws<InvalidOperationException>(() => _clock.SetTo(0));
    }

    [Fact]
    public void Alarm_comes_at_its_time_and_not_before()
    {
        long came = 0;
        using var called = new ManualResetEventSlim();
        using IVmAlarm alarm = _clock.CreateAlarm(() =>
        {
            came = _clock.Nanoseconds;
            called.Set();
        });
        alarm.Set(5 * Millisecond);
        _clock.Resume();
        Assert.True(called.Wait(Long));
        Assert.True(came >= 5 * Millisecond);
    }

    [Fact]
    public void Alarms_come_in_the_order_of_their_times()
    {
        var order = new List<int>();
        using var last = new ManualResetEventSlim();
        IVmAlarm[] alarms = [.. Enumerable.Range(0, 10).Select(i => _clock.CreateAlarm(() =>
        {
            order.Add(i);
            if (i == 0) last.Set();
        }))];
        for (int i = 0; i < 10; i++) alarms[i].Set((10 - i) * Millisecond / 4);
        _clock.Resume();
        Assert.True(last.Wait(Long));
        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], order);
    }

    [Fact]
    public void Alarm_for_the_past_comes_at_once()
    {
        _clock.Resume();
        using var called = new ManualResetEventSlim();
        using IVmAlarm alarm = _clock.CreateAlarm(called.Set);
        alarm.Set(-5);
        Assert.True(called.Wait(Long));
    }

    [Fact]
    public void Alarm_cancelled_or_moved_does_not_come_at_the_old_time()
    {
        int calls = 0;
        using IVmAlarm cancelled = _clock.CreateAlarm(() => Interlocked.Increment(ref calls));
        using IVmAlarm moved = _clock.CreateAlarm(() => Interlocked.Increment(ref calls));
        using var late = new ManualResetEventSlim();
        using IVmAlarm witness = _clock.CreateAlarm(late.Set);
        cancelled.Set(Millisecond);
        moved.Set(Millisecond);
        witness.Set(3 * Millisecond);
        cancelled.Cancel();
        moved.Set(long.MaxValue - 1);
        _clock.Resume();
        Assert.True(late.Wait(Long));
        Assert.Equal(0, calls);
    }

    [Fact]
    public void Alarm_waits_while_the_clock_is_paused()
    {
        _clock.Resume();
        using var called = new ManualResetEventSlim();
        using IVmAlarm alarm = _clock.CreateAlarm(called.Set);
        _clock.Pause();
        alarm.Set(_clock.Nanoseconds);
        Assert.False(called.Wait(20));
        _clock.Resume();
        Assert.True(called.Wait(Long));
    }

    [Fact]
    public async Task Pause_waits_for_an_alarm_that_is_being_served()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        bool left = false;
        using IVmAlarm alarm = _clock.CreateAlarm(() =>
        {
            entered.Set();
            leave.Wait();
            left = true;
        });
        alarm.Set(0);
        _clock.Resume();
        Assert.True(entered.Wait(Long));
        var pausing = Task.Run(() =>
        {
            _clock.Pause();
            return left;
        });
        Assert.NotSame(pausing, await Task.WhenAny(pausing, Task.Delay(20)));
        leave.Set();
        Assert.True(await pausing.WaitAsync(Long));
    }

    [Fact]
    public void Alarm_may_set_itself_and_pause_the_clock()
    {
        int calls = 0;
        using var paused = new ManualResetEventSlim();
        IVmAlarm? alarm = null;
        alarm = _clock.CreateAlarm(() =>
        {
            if (++calls < 5)
            {
                alarm!.Set(_clock.Nanoseconds + 1000);
                return;
            }

            _clock.Pause();
            paused.Set();
        });
        alarm.Set(0);
        _clock.Resume();
        Assert.True(paused.Wait(Long));
        Assert.Equal(5, calls);
    }

    [Fact]
    public void Alarm_that_throws_is_counted_and_the_others_go_on()
    {
        using var called = new ManualResetEventSlim();
        using IVmAlarm bad = _clock.CreateAlarm(() => throw new InvalidOperationException("broken"));
        using IVmAlarm good = _clock.CreateAlarm(called.Set);
        bad.Set(0);
        good.Set(1);
        _clock.Resume();
        Assert.True(called.Wait(Long));
        Assert.Equal(1, _clock.AlarmFaults.Value);
    }

    [Fact]
    public async Task Time_never_goes_back_while_paused_and_resumed_by_others()
    {
        bool done = false;
        Task<bool>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            long last = 0;
            while (!Volatile.Read(ref done))
            {
                long now = _clock.Nanoseconds;
                if (now < last) return false;
                last = now;
            }

            return true;
        }))];
        for (int i = 0; i < 20_000; i++)
        {
            _clock.Resume();
            _clock.Pause();
        }

        Volatile.Write(ref done, true);
        Assert.All(await Task.WhenAll(readers), Assert.True);
    }

    [Fact]
    public async Task Alarms_set_by_many_threads_all_come()
    {
        _clock.Resume();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            using var called = new SemaphoreSlim(0);
            using IVmAlarm alarm = _clock.CreateAlarm(() => called.Release());
            var random = new Random(thread);
            for (int i = 0; i < 200; i++)
            {
                alarm.Set(_clock.Nanoseconds + random.Next(200_000));
                if (random.Next(3) == 0)
                {
                    alarm.Cancel();
                    alarm.Set(0);
                }

                // A cancelled alarm may still arrive, so that there may be one call too many, but never one too few.
                Assert.True(called.Wait(Long));
                while (called.Wait(0))
                {
                }
            }
        })));
    }

    [Fact]
    public void Dispose_with_alarms_set_ends_and_later_calls_do_nothing()
    {
        var clock = new RealClock();
        IVmAlarm alarm = clock.CreateAlarm(() => { });
        alarm.Set(long.MaxValue - 1);
        clock.Resume();
        clock.Dispose();
        clock.Dispose();
        alarm.Set(0);
        alarm.Dispose();
        clock.Pause();
        clock.Resume();
    }
}
