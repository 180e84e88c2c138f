using Doppel.Backends.Net.User.Loop;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class EventLoopTests
{
    [Fact]
    public async Task Deadline_is_met_although_the_timer_fires_too_early()
    {
        var time = new HastyTime();
        var met = new TaskCompletionSource();
        EventLoop? loop = null;
        loop = new EventLoop("test", time, Turn, () => met.Task.IsCompleted ? long.MaxValue : 60, _ => { });
        loop.Start();
        await met.Task.WaitAsync(TimeSpan.FromSeconds(10));
        loop.Dispose();

        bool Turn()
        {
            if (loop!.Now >= 60) met.TrySetResult();
            return false;
        }
    }

    [Fact]
    public async Task Work_that_fails_is_reported_and_the_loop_goes_on()
    {
        var failed = new TaskCompletionSource<Exception>();
        using var loop = new EventLoop("test", TimeProvider.System, () => false, () => long.MaxValue, e => failed.TrySetResult(e));
        var done = new TaskCompletionSource();
        loop.Start();
        loop.Post(() => throw new InvalidOperationException("mine"));
        loop.Post(done.SetResult);
        Assert.Equal("mine", (await failed.Task.WaitAsync(TimeSpan.FromSeconds(10))).Message);
        await done.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>A clock whose timers count faster than it does.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new HastyTimer(System.CreateTimer(callback, state, dueTime, period));

        private sealed class HastyTimer(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime / 2, period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
