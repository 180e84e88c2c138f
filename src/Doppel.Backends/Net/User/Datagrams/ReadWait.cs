using System.Net.Sockets;
using Doppel.Backends.Net.User.Loop;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>Waits until there is something to read in a datagram socket, without reading it. Only on the loop's thread, where it also says so.</summary>
internal sealed class ReadWait
{
    private readonly Socket _socket;
    private readonly Action<SocketError> _readable;
    private readonly SocketAsyncEventArgs _peek = new();
    private bool _ended;

    /// <param name="readable">Called when there is something, or an error, which the wait takes with it.</param>
    public ReadWait(Socket socket, EventLoop loop, Action<SocketError> readable)
    {
        (_socket, _readable) = (socket, readable);
        Action came = Came;
        _peek.SetBuffer(new byte[1]);
        _peek.Completed += (_, _) => loop.Post(came);
    }

    /// <summary>Whether it waits.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Waits from now on, if it does not already.</summary>
    /// <returns>False if the socket is of no use any more.</returns>
    public bool TryStart()
    {
        if (IsOn || _ended) return true;
        try
        {
            IsOn = true;
            // Each time: what was received replaces it.
            _peek.SocketFlags = SocketFlags.Peek;
            if (!_socket.ReceiveAsync(_peek)) Came();
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            IsOn = false;
            return false;
        }
    }

    /// <summary>Says nothing any more. The socket is closed before, so that no wait lasts.</summary>
    public void End()
    {
        _ended = true;
        if (!IsOn) _peek.Dispose();
    }

    private void Came()
    {
        IsOn = false;
        // A datagram is longer than what is peeked at.
        if (!_ended) _readable(_peek.SocketError == SocketError.MessageSize ? SocketError.Success : _peek.SocketError);
    }
}
