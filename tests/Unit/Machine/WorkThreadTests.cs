using Doppel.Machine.Lifecycle;

namespace Doppel.Tests.Unit.Machine;

public class WorkThreadTests
{
    [Fact]
    public void Work_isDone_inOrder_onOneThread_ofItsOwn()
    {
        using var thread = new WorkThread("test");
        using var done = new CountdownEvent(100);
        var numbers = new List<int>();
        var threads = new HashSet<Thread>();
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            thread.Post(() =>
            {
                numbers.Add(number);
                threads.Add(Thread.CurrentThread);
                done.Signal();
            });
        }

        Assert.True(done.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(Enumerable.Range(0, 100), numbers);
        Assert.False(Assert.Single(threads).IsThreadPoolThread);
    }

    [Fact]
    public void Work_isNotDone_onceTheThreadHasEnded_whichItMayDoItself()
    {
        var thread = new WorkThread("test");
        bool done = false;
        using var ended = new ManualResetEventSlim();
        thread.Post(() =>
        {
            thread.Dispose();
            thread.Post(() => done = true);
            ended.Set();
        });
        Assert.True(ended.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        thread.Dispose();
        Assert.False(done);
    }
}
