using System.Diagnostics;
using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class WakeTimerTests
{
    private const long Hour = 3_600_000_000_000;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public void Wait_endsAfterTheTime(long nanoseconds)
    {
        using var timer = new WakeTimer();
        var watch = Stopwatch.StartNew();
        timer.Set(nanoseconds);
        timer.Wait();
        Assert.InRange(watch.Elapsed.TotalNanoseconds, nanoseconds * 0.95, nanoseconds + Long.TotalNanoseconds);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Hour)]
    [InlineData(long.MaxValue)]
    public async Task Set_forEarlier_wakesAWaiter(long nanoseconds)
    {
        using var timer = new WakeTimer();
        timer.Set(nanoseconds);
        var waiting = Task.Factory.StartNew(timer.Wait, TaskCreationOptions.LongRunning);
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(5)));
        timer.Set(0);
        await waiting.WaitAsync(Long);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Hour)]
    public async Task Set_forLater_doesNotWakeAtTheOldTime(long nanoseconds)
    {
        using var timer = new WakeTimer();
        timer.Set(20_000_000);
        var waiting = Task.Factory.StartNew(timer.Wait, TaskCreationOptions.LongRunning);
        timer.Set(nanoseconds);
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(60)));
        timer.Set(0);
        await waiting.WaitAsync(Long);
    }

    [Fact]
    public async Task Wait_isLetThroughOnce()
    {
        using var timer = new WakeTimer();
        timer.Set(0);
        timer.Wait();
        var waiting = Task.Factory.StartNew(timer.Wait, TaskCreationOptions.LongRunning);
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(5)));
        timer.Set(0);
        await waiting.WaitAsync(Long);
    }

    [Fact]
    public async Task Set_byTwoThreadsForEachOther_isNeverMissed()
    {
        using var ping = new WakeTimer();
        using var pong = new WakeTimer();
        int turns = 0;
        var other = Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    while (Volatile.Read(ref turns) != 2 * i + 1) ping.Wait();
                    Interlocked.Increment(ref turns);
                    pong.Set(0);
                }
            },
            TaskCreationOptions.LongRunning);
        for (int i = 0; i < 2000; i++)
        {
            Interlocked.Increment(ref turns);
            ping.Set(0);
            while (Volatile.Read(ref turns) != 2 * i + 2) pong.Wait();
        }

        await other.WaitAsync(Long);
        Assert.Equal(4000, turns);
    }

    [Fact]
    public void Set_afterDispose_doesNothing()
    {
        var timer = new WakeTimer();
        timer.Dispose();
        timer.Dispose();
        timer.Set(0);
    }
}
