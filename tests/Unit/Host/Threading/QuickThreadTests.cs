using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class QuickThreadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Work_is_done_on_a_thread_of_its_own()
    {
        (bool isPools, string? name) = await QuickThread.RunAsync("test-quick", () => (Thread.CurrentThread.IsThreadPoolThread, Thread.CurrentThread.Name)).WaitAsync(Patience);
        Assert.Equal((false, "test-quick"), (isPools, name));
    }

    [Fact]
    public async Task What_work_throws_is_its_result() =>
        await Assert.ThrowsAsync<FormatException>(() => QuickThread.RunAsync<int>("test-quick", () => throw new FormatException()).WaitAsync(Patience));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_goesOn_whereTheWorkWasDone_ifAskedFor(bool here)
    {
        using var thread = new QuickThread("test-quick");
        using var awaited = new SemaphoreSlim(0);
        Task<bool> same = GoOnAsync();
        awaited.Release();
        Assert.Equal(here, await same.WaitAsync(Patience));

        async Task<bool> GoOnAsync()
        {
            int worker = await thread.RunAsync(() =>
            {
                awaited.Wait(Patience);
                return Environment.CurrentManagedThreadId;
            }, here).ConfigureAwait(false);
            return worker == Environment.CurrentManagedThreadId;
        }
    }

    [Fact]
    public void Thread_hasWorkOnce_andNoneOnceDisposed()
    {
        using var used = new QuickThread("test-quick");
        _ = used.RunAsync(() => 1);
        Assert.Throws<InvalidOperationException>(() => { _ = used.RunAsync(() => 2); });
        var disposed = new QuickThread("test-quick");
        disposed.Dispose();
        Assert.Throws<InvalidOperationException>(() => { _ = disposed.RunAsync(() => 3); });
    }
}
