using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Datagrams;

namespace Doppel.Backends.Net.User.Forwards;

/// <summary>
/// A UDP port of the host that leads to a guest. It is read on the loop's thread, and only what the guest has room for: what it cannot take at once waits in the socket.
/// </summary>
internal sealed class UdpListenerForward : IForwardListener, IDatagramSource
{
    private readonly DatagramTable _table;
    private readonly Action<UdpListenerForward> _readable;
    private readonly Socket _socket;
    private readonly SocketAddress _peer;
    private readonly ReadWait _wait;
    private volatile bool _disposed;

    /// <param name="readable">Reads one datagram by <see cref="Receive"/>. On the loop's thread.</param>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    public UdpListenerForward(PortForward forward, DatagramTable table, Action<UdpListenerForward> readable)
    {
        (_table, _readable) = (table, readable);
        _socket = new Socket(forward.HostAddress.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (forward.HostAddress.AddressFamily == AddressFamily.InterNetworkV6) _socket.DualMode = false;
            _socket.Bind(new IPEndPoint(forward.HostAddress, forward.HostPort));
            _socket.Blocking = false;
            _socket.ReceiveBufferSize = IDatagramSource.HostBuffer;
            Forward = forward with { HostPort = (ushort)((IPEndPoint)_socket.LocalEndPoint!).Port };
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _peer = new SocketAddress(forward.HostAddress.AddressFamily);
        // An error of an earlier datagram, which the wait has taken: there is nothing to be done about it.
        _wait = new ReadWait(_socket, table.Loop, _ => table.Wake(this));
    }

    public PortForward Forward { get; }

    public bool Woken { get; set; }

    public void Start() => _table.Loop.Post(() => _wait.TryStart());

    public bool Pump()
    {
        try
        {
            for (int i = 0; i < IDatagramSource.DatagramsPerTurn; i++)
            {
                if (_disposed || _wait.IsOn) return false;
                if (_table.Waits) return true;
                if (!_socket.Poll(0, SelectMode.SelectRead))
                {
                    _wait.TryStart();
                    return false;
                }

                _readable(this);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Another took it, or it was removed.
            return !_disposed;
        }

        return true;
    }

    /// <summary>Reads the next datagram.</summary>
    /// <param name="peer">Whose it is; valid until the next one is read.</param>
    /// <returns>Its length.</returns>
    public int Receive(Span<byte> payload, out SocketAddress peer)
    {
        peer = _peer;
        return _socket.ReceiveFrom(payload, SocketFlags.None, _peer);
    }

    /// <summary>Sends what the guest answers. What the host cannot take just now is lost, as datagrams may be.</summary>
    public void Answer(SocketAddress peer, ReadOnlySpan<byte> payload)
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
        _table.Loop.Post(_wait.End);
    }
}
