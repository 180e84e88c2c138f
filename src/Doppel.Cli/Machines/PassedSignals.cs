using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Doppel.Cli.Machines;

/// <summary>Signals to this process that are somebody else's: while this lives they do not end it.</summary>
internal sealed class PassedSignals : IDisposable
{
    /// <summary>Who asks so often wants this process to end.</summary>
    private const int Most = 3;

    private readonly Channel<string> _signals = Channel.CreateBounded<string>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _enough = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public PassedSignals() =>
        _registrations = [.. new[] { (PosixSignal.SIGINT, "INT"), (PosixSignal.SIGTERM, "TERM"), (PosixSignal.SIGHUP, "HUP"), (PosixSignal.SIGQUIT, "QUIT") }.Select(s => PosixSignalRegistration.Create(s.Item1, c =>
        {
            c.Cancel = true;
            if (Interlocked.Increment(ref _count) >= Most) _enough.Cancel();
            _signals.Writer.TryWrite(s.Item2);
        }))];

    /// <summary>Their names, as they come.</summary>
    public IAsyncEnumerable<string> All => _signals.Reader.ReadAllAsync();

    /// <summary>This process is to end all the same.</summary>
    public CancellationToken Enough => _enough.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _enough.Dispose();
    }
}
