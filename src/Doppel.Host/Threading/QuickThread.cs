namespace Doppel.Host.Threading;

/// <summary>
/// A thread for work during which others stand still: it need not wait for those that are busy (<see cref="ThreadShare.BeQuick"/>), and is there already when the work begins, as a thread of the pool may not be after each wait.
/// </summary>
public static class QuickThread
{
    /// <param name="name">The thread's name.</param>
    /// <param name="work">May block.</param>
    /// <returns>Completes when the work is done, with what it returned or threw.</returns>
    public static Task<T> RunAsync<T>(string name, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            ThreadShare.BeQuick();
            try
            {
                done.SetResult(work());
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
