using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class ThreadPlaceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Waiting_thread_isKeptFromTheWakersProcessor_whileItIsWoken_andNotAfterwards()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux.");
        using var wake = new SemaphoreSlim(0);
        using var looked = new SemaphoreSlim(0);
        var place = new TaskCompletionSource<(ThreadPlace? Place, string Status)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            place.SetResult((ThreadPlace.OfThis(), Path.Combine("/proc", File.ResolveLinkTarget("/proc/thread-self", false)!.FullName, "status")));
            wake.Wait();
            looked.Release();
        }) { IsBackground = true };
        thread.Start();
        (ThreadPlace? waiting, string status) = await place.Task.WaitAsync(Patience);

        string before = Allowed(status), meanwhile = "", after = "";
        waiting!.WakeElsewhere(() => meanwhile = Allowed(status));
        after = Allowed(status);
        wake.Release();
        Assert.True(await looked.WaitAsync(Patience));
        Assert.Equal(before, after);
        if (Environment.ProcessorCount > 1) Assert.NotEqual(before, meanwhile);
    }

    private static string Allowed(string status) => File.ReadLines(status).Single(line => line.StartsWith("Cpus_allowed:", StringComparison.Ordinal));
}
