using System.Net;
using System.Net.Sockets;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>A UDP port of the host that leads to a guest.</summary>
internal sealed class UdpListenerForward : IForwardListener
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Socket _socket;
    private readonly Func<UdpListenerForward, IPEndPoint, byte[], Task> _received;
    private volatile bool _disposed;

    /// <param name="received">Called on any thread; the next datagram is read when it has completed.</param>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public UdpListenerForward(PortForward forward, Func<UdpListenerForward, IPEndPoint, byte[], Task> received)
    {
        _received = received;
        _socket = new Socket(forward.HostAddress.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (forward.HostAddress.AddressFamily == AddressFamily.InterNetworkV6) _socket.DualMode = false;
            _socket.Bind(new IPEndPoint(forward.HostAddress, forward.HostPort));
            Forward = forward with { HostPort = (ushort)((IPEndPoint)_socket.LocalEndPoint!).Port };
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public PortForward Forward { get; }

    public void Start() => _ = ReceiveAsync();

    /// <summary>Sends what the guest answers. What the host cannot take just now is lost, as datagrams may be.</summary>
    public void Answer(IPEndPoint peer, ReadOnlySpan<byte> payload)
    {
        try
        {
            _socket.SendTo(payload, SocketFlags.None, peer);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The peer has gone, or the forward.
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _socket.Dispose();
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[65_536];
        var any = new IPEndPoint(Forward.HostAddress.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_disposed)
        {
            try
            {
                SocketReceiveFromResult result = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any).ConfigureAwait(false);
                await _received(this, (IPEndPoint)result.RemoteEndPoint, buffer[..result.ReceivedBytes]).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                if (!_disposed) await Task.Delay(Pause).ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
