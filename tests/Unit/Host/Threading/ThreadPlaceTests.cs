using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class ThreadPlaceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Waiting_thread_isKeptFromTheWakersProcessor_whileItIsWoken_andNotAfterwards()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux.");
        using var waiter = await Waiter.BeginAsync();
        string before = waiter.Allowed, meanwhile = "";
        waiter.Place.WakeElsewhere(() => meanwhile = waiter.Allowed);
        Assert.Equal(before, waiter.Allowed);
        if (Environment.ProcessorCount > 1) Assert.NotEqual(before, meanwhile);
    }

    [Fact]
    public async Task Thread_thatTwoWakeAtOnce_isWokenByOneAfterTheOther()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux.");
        using var waiter = await Waiter.BeginAsync();
        string before = waiter.Allowed;
        Task second = Task.CompletedTask;
        bool isSecondInBetween = true;
        waiter.Place.WakeElsewhere(() =>
        {
            second = Task.Run(() => waiter.Place.WakeElsewhere(() => { }));
            isSecondInBetween = second.Wait(100);
        });
        await second.WaitAsync(Patience);
        Assert.False(isSecondInBetween);
        Assert.Equal(before, waiter.Allowed);
    }

    [Fact]
    public async Task Thread_thatHasArrived_mayUseAllItsProcessors_thoughItsWakerIsNotDone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs Linux.");
        using var waiter = await Waiter.BeginAsync();
        string before = waiter.Allowed, arrived = "";
        waiter.Place.WakeElsewhere(() =>
        {
            waiter.Arrive();
            arrived = waiter.Allowed;
        });
        Assert.Equal(before, arrived);
    }

    /// <summary>A thread that waits.</summary>
    private sealed class Waiter : IDisposable
    {
        private readonly SemaphoreSlim _wake = new(0);
        private readonly SemaphoreSlim _arrived = new(0);
        private readonly TaskCompletionSource<(ThreadPlace? Place, string Status)> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Thread _thread;
        private string _status = "";

        private Waiter()
        {
            _thread = new Thread(Wait) { IsBackground = true };
            _thread.Start();
        }

        public ThreadPlace Place { get; private set; } = null!;

        /// <summary>The processors that it may use.</summary>
        public string Allowed => File.ReadLines(_status).Single(line => line.StartsWith("Cpus_allowed:", StringComparison.Ordinal));

        public static async Task<Waiter> BeginAsync()
        {
            var waiter = new Waiter();
            (ThreadPlace? place, waiter._status) = await waiter._begun.Task.WaitAsync(Patience);
            waiter.Place = place!;
            return waiter;
        }

        public void Arrive()
        {
            _wake.Release();
            Assert.True(_arrived.Wait(Patience));
        }

        public void Dispose()
        {
            _wake.Release(2);
            _thread.Join(Patience);
            _wake.Dispose();
            _arrived.Dispose();
        }

        private void Wait()
        {
            var place = ThreadPlace.OfThis();
            _begun.SetResult((place, Path.Combine("/proc", File.ResolveLinkTarget("/proc/thread-self", false)!.FullName, "status")));
            _wake.Wait();
            place?.Arrive();
            _arrived.Release();
            _wake.Wait();
        }
    }
}
