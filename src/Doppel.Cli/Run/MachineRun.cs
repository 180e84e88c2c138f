using System.Runtime.InteropServices;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>One machine from start to end, with everything that can end it from outside: a key, a signal, a time limit.</summary>
internal sealed class MachineRun : IAsyncDisposable
{
    private readonly VirtualMachine _machine;
    private readonly TaskCompletionSource<EndKind> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _interrupts;

    /// <exception cref="DoppelException">The machine cannot be made.</exception>
    public MachineRun(VmConfig config, VmHost host)
    {
        // It has no name by which somebody could have it kept.
        _machine = VirtualMachine.Create(config, host with { ExpectsSnapshots = false });
        Register(PosixSignal.SIGTERM, () => End(EndKind.Terminated));
        Register(PosixSignal.SIGHUP, () => End(EndKind.HungUp));
        Register(PosixSignal.SIGQUIT, () => End(EndKind.Killed));
        Register(PosixSignal.SIGINT, OnInterrupt);
    }

    /// <summary>Raised on the first Ctrl-C where the terminal makes a signal of it; the second one ends the machine.</summary>
    public event Action? InterruptedOnce;

    /// <summary>The ports of the host for which any free one was asked, with what was found.</summary>
    public IEnumerable<string> ChosenPorts => _machine.UserNetworks.SelectMany(u => u.Forwards.Except(u.Config.Forwards)).Select(f => f.ToString());

    /// <summary>Ends the run. May be called from any thread; the first call decides.</summary>
    public void End(EndKind kind) => _ended.TrySetResult(kind);

    /// <summary>Starts the machine and waits for its end, or for ours.</summary>
    public async Task<RunEnd> RunAsync(TimeSpan? timeout)
    {
        using var limit = new CancellationTokenSource();
        if (timeout is { } time) limit.CancelAfter(time);
        using CancellationTokenRegistration late = limit.Token.Register(() => End(EndKind.TimedOut));
        _machine.Start();
        Task<VmExit> exit = _machine.WaitForExitAsync();
        if (await Task.WhenAny(exit, _ended.Task).ConfigureAwait(false) != exit)
        {
            await _machine.StopAsync().ConfigureAwait(false);
            return new RunEnd(await _ended.Task.ConfigureAwait(false), null);
        }

        VmExit result = await exit.ConfigureAwait(false);
        if (result.Reason == VmExitReason.Fault) throw new DoppelException(ErrorKind.Failed, result.Message ?? "the machine failed", "DOPPEL_DEBUG=1 shows more; please report it");
        return new RunEnd(EndKind.Guest, result);
    }

    /// <summary>Writes what has been counted, a line each.</summary>
    public void WriteStatistics(TextWriter writer)
    {
        foreach (Statistic statistic in _machine.Statistics) writer.WriteLine($"doppel: {statistic.Name} {statistic.Value}");
        if (_machine.TraceHash is { } hash) writer.WriteLine($"doppel: trace-hash {hash}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PosixSignalRegistration signal in _signals) signal.Dispose();
        await _machine.DisposeAsync().ConfigureAwait(false);
    }

    private void OnInterrupt()
    {
        if (Interlocked.Increment(ref _interrupts) == 1) InterruptedOnce?.Invoke();
        else End(EndKind.Interrupted);
    }

    private void Register(PosixSignal signal, Action action) => _signals.Add(PosixSignalRegistration.Create(signal, c =>
    {
        c.Cancel = true;
        action();
    }));
}
