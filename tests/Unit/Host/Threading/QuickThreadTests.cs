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
}
