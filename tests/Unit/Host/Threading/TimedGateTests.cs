using System.Diagnostics;
using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class TimedGateTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [Fact]
    public void Open_lets_the_next_waiter_through_once()
    {
        using var gate = new TimedGate();
        gate.Open();
        gate.Open();
        var watch = Stopwatch.StartNew();
        gate.Wait(-1);
        Assert.True(watch.Elapsed < Long);
        watch.Restart();
        gate.Wait(2_000_000);
        Assert.True(watch.Elapsed.TotalMilliseconds >= 1.9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public void Wait_ends_after_its_time(long nanoseconds)
    {
        using var gate = new TimedGate();
        var watch = Stopwatch.StartNew();
        gate.Wait(nanoseconds);
        Assert.InRange(watch.Elapsed.TotalNanoseconds, nanoseconds * 0.95, nanoseconds + Long.TotalNanoseconds);
    }

    [Fact]
    public async Task Open_wakes_a_waiter_of_any_patience()
    {
        foreach (long patience in (long[])[-1, long.MaxValue, 3_600_000_000_000])
        {
            using var gate = new TimedGate();
            var waiting = Task.Factory.StartNew(() => gate.Wait(patience), TaskCreationOptions.LongRunning);
            await Task.Delay(5);
            gate.Open();
            await waiting.WaitAsync(Long);
        }
    }

    [Fact]
    public async Task Two_threads_that_open_each_others_gate_never_miss()
    {
        using var ping = new TimedGate();
        using var pong = new TimedGate();
        int turns = 0;
        var other = Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    while (Volatile.Read(ref turns) != 2 * i + 1) ping.Wait(-1);
                    Interlocked.Increment(ref turns);
                    pong.Open();
                }
            },
            TaskCreationOptions.LongRunning);
        for (int i = 0; i < 2000; i++)
        {
            Interlocked.Increment(ref turns);
            ping.Open();
            while (Volatile.Read(ref turns) != 2 * i + 2) pong.Wait(-1);
        }

        await other.WaitAsync(Long);
        Assert.Equal(4000, turns);
    }

    [Fact]
    public void Open_after_dispose_does_nothing()
    {
        var gate = new TimedGate();
        gate.Dispose();
        gate.Dispose();
        gate.Open();
    }
}
