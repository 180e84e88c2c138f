using System.Runtime.InteropServices;

namespace Doppel.Bench.States;

/// <summary>Has something end before this process does if a signal ends it. A terminal's signals reach only its own session, and emulators that are measured have others.</summary>
internal sealed class EndedBySignal : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PosixSignalRegistration[] _signals;

    public EndedBySignal(IAsyncDisposable ended)
    {
        _signals = [.. Array.ConvertAll([PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP], signal => PosixSignalRegistration.Create(signal, End))];

        // Then the signal does what it always does.
        void End(PosixSignalContext context) => ended.DisposeAsync().AsTask().Wait(Patience);
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals) signal.Dispose();
    }
}
