using Doppel.Core.Vcpu;
using Doppel.Host.Threading;

namespace Doppel.Engines;

/// <summary>
/// The dedicated thread of one vCPU, or of all of them under the virtual clock. It is made parked; <see cref="Resume"/> lets it run guest code and <see cref="PauseAsync"/> parks it again.
/// Whatever stops the vCPU for good (power-off, reset, fault) parks it too and is reported.
/// </summary>
/// <remarks>
/// All members may be called from any thread, the vCPU's own included: nothing here waits for the vCPU but the tasks it returns, and the lock
/// is never held while guest code runs or a report is made.
/// </remarks>
public sealed class VcpuThread
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly IVcpuWork _work;
    private readonly Action<IVcpu, StopReason, string?> _report;
    private readonly Thread _thread;
    private TaskCompletionSource _parked = Done();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Wish _wish = Wish.Park;
    private bool _started;
    private volatile ThreadPlace? _place;

    /// <param name="name">The thread's name.</param>
    /// <param name="report">
    /// Told, on the vCPU's thread, why the vCPU stopped by itself, and the fault if it was one. It must not wait for the vCPU.
    /// </param>
    public VcpuThread(IVcpu vcpu, string name, Action<IVcpu, StopReason, string?> report)
        : this(new SingleVcpu(vcpu), name, report)
    {
    }

    /// <param name="work">What is run.</param>
    public VcpuThread(IVcpuWork work, string name, Action<IVcpu, StopReason, string?> report)
    {
        _work = work;
        _report = report;
        _thread = new Thread(Serve) { IsBackground = true, Name = name };
    }

    private enum Wish
    {
        Park,
        Run,
        End,
    }

    /// <summary>Starts the thread, parked, so that <see cref="Resume"/> need not wait until the host has made it.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            if (_started) return;
            _started = true;
            _thread.Start();
        }
    }

    /// <summary>Runs guest code, or goes on with it. Without effect once ended.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            if (_wish != Wish.Park) return;
            _wish = Wish.Run;
            if (_parked.Task.IsCompleted) _parked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_started)
            {
                _started = true;
                _thread.Start();
                return;
            }
        }

        // Whoever has it go on has something else to do still, and would have to share a processor with it.
        if (_place is { } place) place.WakeElsewhere(() => _wake.Release());
        else _wake.Release();
    }

    /// <summary>Asks the vCPU to leave guest code.</summary>
    /// <returns>Completes when it has, and then its state may be looked at and changed.</returns>
    public Task PauseAsync()
    {
        Task parked;
        lock (_lock)
        {
            if (_wish == Wish.Run) _wish = Wish.Park;
            parked = _parked.Task;
        }

        if (!parked.IsCompleted) _work.Kick();
        return parked;
    }

    /// <summary>Ends the thread for good.</summary>
    /// <returns>Completes when it no longer touches the vCPU.</returns>
    public Task EndAsync()
    {
        lock (_lock)
        {
            _wish = Wish.End;
            if (!_started)
            {
                _started = true;
                _ended.TrySetResult();
            }
        }

        _work.Kick();
        _wake.Release();
        return _ended.Task;
    }

    private void Serve()
    {
        ThreadShare.BeQuick();
        _place = ThreadPlace.OfThis();
        while (true)
        {
            Wish wish;
            lock (_lock)
            {
                wish = _wish;
                if (wish != Wish.Run) _parked.TrySetResult();
            }

            if (wish == Wish.End) break;
            if (wish != Wish.Park)
            {
                RunOnce();
                continue;
            }

            _wake.Wait();
            _place?.Arrive();
        }

        _ended.TrySetResult();
    }

    private void RunOnce()
    {
        StopReason reason;
        string? fault = null;
        try
        {
            reason = _work.Run();
            if (reason == StopReason.EngineFault) fault = _work.Current.Fault;
        }
        catch (Exception exception)
        {
            // An error of ours, whatever it is: this vCPU must not run on, and the machine is told. The process and other machines live.
            reason = StopReason.EngineFault;
            fault = exception.ToString();
        }

        if (reason is StopReason.Kicked or StopReason.Halted or StopReason.Budget) return;
        lock (_lock)
        {
            if (_wish == Wish.Run) _wish = Wish.Park;
        }

        _report(_work.Current, reason, fault);
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    /// <summary>A vCPU with a thread of its own.</summary>
    private sealed class SingleVcpu(IVcpu vcpu) : IVcpuWork
    {
        public IVcpu Current => vcpu;

        public void Kick() => vcpu.Kick();

        public StopReason Run()
        {
            StopReason reason = vcpu.Run(long.MaxValue);
            if (reason == StopReason.Halted) vcpu.WaitForWork();
            return reason;
        }
    }
}
