using System.Runtime.InteropServices;

namespace Doppel.Host.Threading;

/// <summary>
/// A thread for work on which nobody waits, beside others that have to be quick: where the host can, it gets a small share of a processor that others want, too.
/// </summary>
/// <remarks>
/// setpriority(2): on Linux a thread has a nice value of its own. It cannot be lowered again, hence no threads of the pool. The work should spend its time in calls of the host: who wants to stop all
/// managed threads for a moment, as the collector does, would wait for one that executes managed code and is not given a processor.
/// </remarks>
public static partial class BackgroundThread
{
    private const int PrioProcess = 0;

    /// <summary>A third of the share of others.</summary>
    private const int Nice = 5;

    /// <param name="name">The thread's name.</param>
    /// <returns>Completes when the work is done, with what it threw.</returns>
    public static Task RunAsync(string name, Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            // Advice only: the work is done in any case.
            if (OperatingSystem.IsLinux()) _ = SetPriority(PrioProcess, 0, Nice);
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

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);
}
