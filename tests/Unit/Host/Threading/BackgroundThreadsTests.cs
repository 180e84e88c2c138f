using System.Collections.Concurrent;
using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class BackgroundThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task All_work_is_done_by_as_many_threads_as_there_may_be()
    {
        var threads = new ConcurrentDictionary<int, bool>();
        using var workers = new BackgroundThreads("test-work", 2);
        using var both = new Barrier(2);
        Task<int>[] work = [.. Enumerable.Range(0, 40).Select(i => workers.RunAsync(() =>
        {
            threads.TryAdd(Environment.CurrentManagedThreadId, true);
            if (i < 2) both.SignalAndWait(Patience);
            return i;
        }))];
        Assert.Equal(Enumerable.Range(0, 40), await Task.WhenAll(work).WaitAsync(Patience));
        Assert.Equal(2, threads.Count);
    }

    [Fact]
    public async Task What_was_taken_before_the_end_is_done_and_nothing_is_taken_afterwards()
    {
        var workers = new BackgroundThreads("test-work", 1);
        using var gate = new ManualResetEventSlim();
        Task<bool> first = workers.RunAsync(() => gate.Wait(Patience)), second = workers.RunAsync(() => true);
        workers.Dispose();
        gate.Set();
        Assert.True(await first.WaitAsync(Patience));
        Assert.True(await second.WaitAsync(Patience));
        Assert.Throws<InvalidOperationException>(() => { _ = workers.RunAsync(() => true); });
    }

    [Fact]
    public async Task What_work_throws_is_its_result()
    {
        using var workers = new BackgroundThreads("test-work", 1);
        await Assert.ThrowsAsync<FormatException>(() => workers.RunAsync<int>(() => throw new FormatException()));
        Assert.Equal(1, await workers.RunAsync(() => 1).WaitAsync(Patience));
    }
}
