namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>
/// While it lasts, nothing runs that is handed to the thread pool afterwards: what the host's sockets have to say is heard later, as on a host that has much to do. All tests of the process share the pool:
/// those that hold it run when the others are done.
/// </summary>
[CollectionDefinition(nameof(HeldThreadPool), DisableParallelization = true)]
public sealed class HeldThreadPool : IDisposable
{
    /// <summary>The pool adds a thread or two in a second when none comes back; each of these takes one.</summary>
    private const int Holders = 200;

    private readonly ManualResetEventSlim _release = new();

    public HeldThreadPool()
    {
        for (int i = 0; i < Holders; i++) ThreadPool.UnsafeQueueUserWorkItem(release => release.Wait(), _release, preferLocal: false);
    }

    /// <summary>Lets the pool go on. The event is left to the collector: holders may be about to wait for it.</summary>
    public void Dispose() => _release.Set();
}
