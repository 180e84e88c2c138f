namespace Doppel.Host.Threading;

/// <summary>
/// A thread for work on which nobody waits, beside others that have to be quick: where the host can, it gets a small share of a processor that others want, too, and goes at once when they are woken up.
/// </summary>
/// <remarks>
/// That cannot be changed back, hence no threads of the pool (<see cref="ThreadShare"/>). The work should spend its time in calls of the host: who wants to stop all
/// managed threads for a moment, as the collector does, would wait for one that executes managed code and is not given a processor.
/// </remarks>
public static class BackgroundThread
{
    /// <param name="name">The thread's name.</param>
    /// <returns>Completes when the work is done, with what it threw.</returns>
    public static Task RunAsync(string name, Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            ThreadShare.BeLight();
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }) { IsBackground = true, Name = name };
        thread.Start();
        return done.Task;
    }
}
