using System.Net.Sockets;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>The TCP connections of a gateway, and which of them have something to do.</summary>
internal sealed class TcpTable
{
    /// <summary>Most bytes that a connection buffers for the host, and for the guest.</summary>
    public const int MaxBuffer = 512 << 10;

    private readonly Dictionary<FlowKey, TcpConnection> _connections = [];
    private readonly GatewayLimits _limits;
    private readonly Func<Address, MacAddress?> _resolve;
    private readonly Action<FlowKey, MacAddress, SocketError, uint> _tellFailure;
    private readonly EventLoop _loop;
    private List<TcpConnection> _woken = [];
    private List<TcpConnection> _pumped = [];

    /// <param name="resolve">The Ethernet address of a guest; asks for it if it is not known.</param>
    /// <param name="tellFailure">Tells the guest why its connection cannot be made; the number is what its RST acknowledges.</param>
    public TcpTable(EventLoop loop, GuestLink link, DeadlineQueue deadlines, GatewayLimits limits, GatewayCounters counters, Func<Address, MacAddress?> resolve, Action<FlowKey, MacAddress, SocketError, uint> tellFailure)
    {
        (_loop, Link, Deadlines, _limits, Counters, _resolve, _tellFailure) = (loop, link, deadlines, limits, counters, resolve, tellFailure);
        Writer = new TcpWriter(link);
        Budget = new BufferBudget(limits.TcpBufferBytes);
    }

    public GuestLink Link { get; }

    public TcpWriter Writer { get; }

    public BufferBudget Budget { get; }

    public DeadlineQueue Deadlines { get; }

    public GatewayCounters Counters { get; }

    public long Now => _loop.Now;

    public int Count => _connections.Count;

    public bool TryResolve(in Address guest, out MacAddress mac)
    {
        MacAddress? found = _resolve(guest);
        mac = found ?? default;
        return found is not null;
    }

    public void TellFailure(in FlowKey key, MacAddress guest, SocketError error, uint acknowledgement) => _tellFailure(key, guest, error, acknowledgement);

    /// <summary>Hands a segment to its connection. False if there is none, and nothing has been done.</summary>
    public bool TryTake(in FlowKey key, in TcpSegment segment, MacAddress from)
    {
        if (!_connections.TryGetValue(key, out TcpConnection? connection) || !connection.Take(segment, from)) return false;
        Wake(connection);
        return true;
    }

    /// <summary>Whether there is room for one more. A connection that is over makes room.</summary>
    /// <param name="connecting">Whether it would have to wait for the host.</param>
    public bool HasRoom(bool connecting)
    {
        if (connecting && _connections.Count >= _limits.TcpConnecting && _connections.Values.Count(c => c.IsConnecting) >= _limits.TcpConnecting) return false;
        if (_connections.Count < _limits.TcpConnections) return true;
        if (_connections.Values.FirstOrDefault(c => c.IsOver) is not { } over) return false;
        over.Evict();
        return true;
    }

    public bool Contains(FlowKey key) => _connections.ContainsKey(key);

    public void Add(TcpConnection connection)
    {
        _connections.Add(connection.Key, connection);
        Counters.TcpOpened.Increment();
        Wake(connection);
    }

    public void Remove(TcpConnection connection)
    {
        if (_connections.TryGetValue(connection.Key, out TcpConnection? found) && found == connection) _connections.Remove(connection.Key);
    }

    /// <summary>It has something to do at the end of this turn.</summary>
    public void Wake(TcpConnection connection)
    {
        if (connection.Woken) return;
        connection.Woken = true;
        _woken.Add(connection);
    }

    /// <summary>Lets all that have been woken do what they have to. While the guest takes nothing they wait.</summary>
    /// <returns>Whether there is more to do at once.</returns>
    public bool Pump()
    {
        if (Link.Blocked) return false;
        (_woken, _pumped) = (_pumped, _woken);
        foreach (TcpConnection connection in _pumped)
        {
            connection.Woken = false;
            try
            {
                if (connection.Pump() || Link.Blocked) Wake(connection);
            }
            catch (Exception exception)
            {
                // A defect of ours ends the connection in which it shows, no other.
                Counters.Fault(exception);
                Remove(connection);
            }
        }

        _pumped.Clear();
        return _woken.Count > 0 && !Link.Blocked;
    }

    public void ForgetAll()
    {
        foreach (TcpConnection connection in _connections.Values.ToArray()) connection.Forget();
    }

    public void EndAll()
    {
        foreach (TcpConnection connection in _connections.Values.ToArray()) connection.Evict();
    }
}
