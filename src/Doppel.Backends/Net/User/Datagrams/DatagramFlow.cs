using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>Datagrams between one port of the guest and one of the outside, until they cease.</summary>
internal abstract class DatagramFlow(DatagramTable table, FlowKey key, byte protocol, MacAddress guest) : Timed, IDatagramSource
{
    public FlowKey Key { get; } = key;

    public byte Protocol { get; } = protocol;

    public MacAddress Guest { get; set; } = guest;

    /// <summary>When something was last sent or received.</summary>
    public long LastUsed { get; protected set; }

    public bool Woken { get; set; }

    protected DatagramTable Table { get; } = table;

    /// <summary>Milliseconds without a datagram after which it ends.</summary>
    protected abstract long IdleTime { get; }

    /// <summary>Sends a datagram of the guest.</summary>
    public abstract void Send(ReadOnlySpan<byte> payload);

    public abstract bool Pump();

    public abstract void Close();

    public override void OnDue(long now)
    {
        if (now - LastUsed >= IdleTime) Table.Remove(this);
        else Table.Deadlines.Set(this, LastUsed + IdleTime);
    }

    protected void Used()
    {
        LastUsed = Table.Now;
        if (Deadline == long.MaxValue) Table.Deadlines.Set(this, LastUsed + IdleTime);
    }
}

/// <summary>A flow with a connected socket of its own: only its destination can answer, and the host tells when there is nobody there.</summary>
internal abstract class SocketFlow : DatagramFlow
{
    private readonly Socket _socket;
    private readonly ReadWait _wait;
    private bool _closed;

    /// <exception cref="SocketException">The host has no more sockets, no such sockets, or no way there.</exception>
    protected SocketFlow(DatagramTable table, in FlowKey key, byte protocol, MacAddress guest, IPEndPoint target, ProtocolType type)
        : base(table, key, protocol, guest)
    {
        _socket = new Socket(target.AddressFamily, SocketType.Dgram, type);
        try
        {
            _socket.Connect(target);
            _socket.Blocking = false;
            _socket.ReceiveBufferSize = IDatagramSource.HostBuffer;
        }
        catch (SocketException)
        {
            _socket.Dispose();
            throw;
        }

        _wait = new ReadWait(_socket, table.Loop, Readable);
    }

    public override void Send(ReadOnlySpan<byte> payload)
    {
        Used();
        SendTo(_socket, payload, out SocketError error);
        if (error is SocketError.Success or SocketError.WouldBlock or SocketError.IOPending) Wait();
        else Failed(error);
    }

    public override bool Pump()
    {
        for (int i = 0; i < IDatagramSource.DatagramsPerTurn; i++)
        {
            if (_closed || _wait.IsOn) return false;
            if (Table.Waits) return true;
            int count = ReceiveFrom(_socket, out SocketError error);
            if (error == SocketError.Success)
            {
                Used();
                Deliver(count);
            }
            else if (error is SocketError.WouldBlock or SocketError.IOPending)
            {
                Wait();
                return !_wait.IsOn && !_closed;
            }
            else
            {
                Failed(error);
                return !_closed;
            }
        }

        return true;
    }

    public override void Close()
    {
        if (_closed) return;
        _closed = true;
        _socket.Dispose();
        _wait.End();
    }

    protected abstract void SendTo(Socket socket, ReadOnlySpan<byte> payload, out SocketError error);

    /// <summary>Reads a datagram to where its frame is built.</summary>
    protected abstract int ReceiveFrom(Socket socket, out SocketError error);

    protected abstract void Deliver(int count);

    private void Failed(SocketError error)
    {
        // An error that an earlier datagram has caused: nobody listens there, or there is no way.
        Table.TellFailure(this, error);
        if (error is SocketError.ConnectionRefused or SocketError.MessageSize or SocketError.NoBufferSpaceAvailable) Wait();
        else Table.Remove(this);
    }

    private void Wait()
    {
        if (!_closed && !_wait.TryStart()) Table.Remove(this);
    }

    private void Readable(SocketError error)
    {
        if (error == SocketError.Success) Table.Wake(this);
        else Failed(error);
    }
}
