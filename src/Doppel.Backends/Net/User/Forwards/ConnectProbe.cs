using System.Net.Sockets;
using Doppel.Backends.Net.User.Tcp;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>The host's side of a connection that only asks whether the guest takes it: it ends as soon as that is known.</summary>
internal sealed class ConnectProbe : IHostStream
{
    private readonly TaskCompletionSource<bool> _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the guest took the connection; false when it refused, or did not answer for as long as connections wait.</summary>
    public Task<bool> Taken => _taken.Task;

    public HostStreamState State => HostStreamState.Open;

    public SocketError Error => SocketError.Success;

    public Action Changed
    {
        set { }
    }

    public int Unsent => 0;

    public void Connect()
    {
    }

    public void Send(ReadOnlySpan<byte> data)
    {
    }

    public void EndSending()
    {
    }

    /// <summary>Nobody asks for data before the guest has taken the connection.</summary>
    public int Receive(Span<byte> buffer, out bool ended)
    {
        ended = true;
        _taken.TrySetResult(true);
        return 0;
    }

    public void Close() => _taken.TrySetResult(true);

    public void Abort() => _taken.TrySetResult(false);
}
