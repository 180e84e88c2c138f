using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Loop;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>
/// A socket without a thread: read and written directly while it can be, which is nearly always when there is much to do; otherwise the runtime tells when it can be
/// again.
/// </summary>
internal sealed class SocketStream : IHostStream
{
    private const int SendPiece = 64 << 10;
    private readonly Socket _socket;
    private readonly IPEndPoint? _remote;
    private readonly EventLoop _loop;
    private readonly ByteRing _unsent = new();
    private readonly Action _readable;
    private SocketAsyncEventArgs? _receiving;
    private SocketAsyncEventArgs? _sending;
    private bool _waitingForData;
    private bool _sendEnding;
    private bool _resetEarly;
    private bool _closed;

    /// <summary>A connection that is to be made.</summary>
    /// <exception cref="SocketException">The host has no more sockets.</exception>
    public SocketStream(IPEndPoint remote, EventLoop loop)
        : this(new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp), loop)
    {
        _remote = remote;
        State = HostStreamState.Connecting;
    }

    /// <summary>A connection that was accepted.</summary>
    public SocketStream(Socket socket, EventLoop loop)
    {
        _socket = socket;
        _loop = loop;
        _readable = Readable;
        State = HostStreamState.Open;
        try
        {
            _socket.NoDelay = true;
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (_socket.Connected) _socket.Blocking = false;
        }
        catch (SocketException exception)
        {
            Fail(exception.SocketErrorCode);
        }
    }

    public HostStreamState State { get; private set; }

    public SocketError Error { get; private set; }

    public Action Changed { private get; set; } = () => { };

    public int Unsent => _unsent.Count;

    public void Connect()
    {
        if (State != HostStreamState.Connecting) return;
        var args = new SocketAsyncEventArgs { RemoteEndPoint = _remote };
        args.Completed += (_, done) => _loop.Post(() => Connected(done));
        Start(() => _socket.ConnectAsync(args), () => Connected(args));
    }

    public void Send(ReadOnlySpan<byte> data)
    {
        if (State != HostStreamState.Open) return;
        if (_unsent.Count == 0)
        {
            int sent = TrySend(data);
            data = data[sent..];
            if (data.IsEmpty || State != HostStreamState.Open) return;
        }

        _unsent.Add(data);
        SendOn();
    }

    public void EndSending()
    {
        _sendEnding = true;
        if (_unsent.Count == 0) ShutdownSend();
    }

    public int Receive(Span<byte> buffer, out bool ended)
    {
        ended = false;
        if (_waitingForData || State != HostStreamState.Open) return 0;
        for (int attempt = 0; attempt < 2; attempt++)
        {
            int count;
            SocketError error;
            try
            {
                count = _socket.Receive(buffer, SocketFlags.None, out error);
            }
            catch (ObjectDisposedException)
            {
                return 0;
            }

            if (error == SocketError.Success)
            {
                if (count == 0 && _resetEarly) Fail(SocketError.ConnectionReset);
                else ended = count == 0;
                return count;
            }

            if (error is not (SocketError.WouldBlock or SocketError.IOPending or SocketError.Interrupted))
            {
                Fail(error);
                return 0;
            }

            if (WaitForData()) return 0;
        }

        // It said twice that there is something, and there was not: it is asked again later.
        _waitingForData = true;
        _loop.Post(_readable);
        return 0;
    }

    public void Close()
    {
        if (_closed) return;
        _closed = true;
        _socket.Dispose();
        Release();
    }

    public void Abort()
    {
        if (_closed) return;
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }

        Close();
    }

    /// <returns>Whether <see cref="Changed"/> will tell; false if there is something now.</returns>
    private bool WaitForData()
    {
        if (_receiving is null)
        {
            _receiving = new SocketAsyncEventArgs();
            _receiving.SetBuffer(Memory<byte>.Empty);
            _receiving.Completed += (_, _) => _loop.Post(_readable);
        }

        try
        {
            // Receiving nothing waits until there is something to receive.
            _waitingForData = _socket.ReceiveAsync(_receiving);
            if (!_waitingForData && _receiving.SocketError != SocketError.Success) Fail(_receiving.SocketError);
            return _waitingForData || State == HostStreamState.Failed;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            Fail(exception is SocketException { SocketErrorCode: var error } ? error : SocketError.NotConnected);
            return true;
        }
    }

    private void Readable()
    {
        _waitingForData = false;
        if (_closed) return;

        // The wait takes the socket's error with it.
        if (_receiving is { SocketError: not SocketError.Success }) Fail(_receiving.SocketError);
        Changed();
    }

    private int TrySend(ReadOnlySpan<byte> data)
    {
        try
        {
            int sent = _socket.Send(data, SocketFlags.None, out SocketError error);
            if (error is SocketError.Success) return sent;
            if (error is not (SocketError.WouldBlock or SocketError.IOPending or SocketError.Interrupted)) Fail(error);
            return 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Has the runtime send a piece of what waits, which it does as soon as the host takes it.</summary>
    private void SendOn()
    {
        if (_unsent.IsLent || State != HostStreamState.Open) return;
        if (_sending is null)
        {
            _sending = new SocketAsyncEventArgs();
            _sending.Completed += (_, done) => _loop.Post(() => Sent(done));
        }

        Memory<byte> piece = _unsent.Oldest(SendPiece);
        _unsent.IsLent = true;
        _sending.SetBuffer(piece);
        Start(() => _socket.SendAsync(_sending), () => _loop.Post(() => Sent(_sending)));
    }

    private void Sent(SocketAsyncEventArgs done)
    {
        _unsent.IsLent = false;
        if (_closed)
        {
            _unsent.Dispose();
            return;
        }

        if (done.SocketError != SocketError.Success)
        {
            Fail(done.SocketError);
        }
        else
        {
            _unsent.Consume(done.BytesTransferred);
            if (_unsent.Count > 0) SendOn();
            else if (_sendEnding) ShutdownSend();
        }

        Changed();
    }

    private void Connected(SocketAsyncEventArgs done)
    {
        if (_closed) return;

        // Who is refused hears of that (ECONNREFUSED). A reset comes from somebody who had taken the connection and let it go before we looked; it is EPIPE after his end.
        // What he sent is still to be read, and then the socket, whose error has been taken, knows of an end only.
        if (done.SocketError is SocketError.Success or SocketError.ConnectionReset or SocketError.Shutdown)
        {
            _resetEarly = done.SocketError == SocketError.ConnectionReset;
            State = HostStreamState.Open;
            _socket.Blocking = false;
        }
        else
        {
            Fail(done.SocketError);
        }

        done.Dispose();
        Changed();
    }

    private void ShutdownSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The host's side has ended first.
        }
    }

    private void Start(Func<bool> begin, Action completed)
    {
        try
        {
            if (!begin()) _loop.Post(completed);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            Fail(exception is SocketException { SocketErrorCode: var error } ? error : SocketError.NotConnected);
            _unsent.IsLent = false;
            _loop.Post(() => Changed());
        }
    }

    private void Fail(SocketError error)
    {
        State = HostStreamState.Failed;
        Error = error;
    }

    private void Release()
    {
        if (!_unsent.IsLent) _unsent.Dispose();
        if (!_waitingForData) _receiving?.Dispose();
    }
}
