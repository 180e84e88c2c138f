using System.Net;
using System.Net.Sockets;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>A TCP port of the host that leads to a guest.</summary>
internal sealed class TcpListenerForward : IForwardListener
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Socket _listener;
    private readonly Action<PortForward, Socket> _accepted;
    private volatile bool _disposed;

    /// <param name="accepted">Called on any thread; the socket is the receiver's.</param>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public TcpListenerForward(PortForward forward, Action<PortForward, Socket> accepted)
    {
        _accepted = accepted;
        _listener = new Socket(forward.HostAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // What listens for IPv6 does not take IPv4 as well: that is another forward.
            if (forward.HostAddress.AddressFamily == AddressFamily.InterNetworkV6) _listener.DualMode = false;
            _listener.Bind(new IPEndPoint(forward.HostAddress, forward.HostPort));
            _listener.Listen();
            Forward = forward with { HostPort = (ushort)((IPEndPoint)_listener.LocalEndPoint!).Port };
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    public PortForward Forward { get; }

    public void Start() => _ = AcceptAsync();

    public void Dispose()
    {
        _disposed = true;
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_disposed)
        {
            try
            {
                _accepted(Forward, await _listener.AcceptAsync().ConfigureAwait(false));
            }
            catch (SocketException)
            {
                // It ends; or the client has gone again, or there are no more sockets for now.
                if (!_disposed) await Task.Delay(Pause).ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
