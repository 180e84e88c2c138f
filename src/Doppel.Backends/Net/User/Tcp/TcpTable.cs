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

    /// <summary>So many connections that are over are still named for a while: the guest need not have heard of their end.</summary>
    private const int MaxEnded = 64;

    private const long EndedFor = 5_000;

    /// <summary>Changed by the loop alone, under the lock; others read it under the lock.</summary>
    private readonly Dictionary<FlowKey, TcpConnection> _connections = [];

    private readonly Lock _lock = new();
    private readonly Queue<(FlowKey Key, MacAddress Guest, long At)> _ended = [];
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

    /// <summary>The connections that a guest may believe in just now: those there are, and those whose end it need not have heard of. From any thread.</summary>
    /// <param name="guest">Whose; null for all.</param>
    public IReadOnlyList<FlowKey> Believed(MacAddress? guest = null)
    {
        lock (_lock)
        {
            while (_ended.TryPeek(out (FlowKey Key, MacAddress Guest, long At) ended) && Now - ended.At > EndedFor) _ended.Dequeue();

            // Most machines have none when they are saved, and stand still for it: nothing needs to be compiled then.
            if (_connections.Count == 0 && _ended.Count == 0) return [];
            return
            [
                .. _connections.Values.Where(c => guest is null || c.Guest == guest).Select(c => c.Key)
                    .Union(_ended.Where(e => guest is null || e.Guest == guest).Select(e => e.Key)),
            ];
        }
    }

    public bool Contains(FlowKey key) => _connections.ContainsKey(key);

    public void Add(TcpConnection connection)
    {
        lock (_lock) _connections.Add(connection.Key, connection);
        Counters.TcpOpened.Increment();
        Wake(connection);
    }

    public void Remove(TcpConnection connection)
    {
        if (!_connections.TryGetValue(connection.Key, out TcpConnection? found) || found != connection) return;
        lock (_lock)
        {
            _connections.Remove(connection.Key);
            if (_ended.Count == MaxEnded) _ended.Dequeue();
            _ended.Enqueue((connection.Key, connection.Guest, Now));
        }
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
        Link.TakeTurnedAway();
        (_woken, _pumped) = (_pumped, _woken);
        foreach (TcpConnection connection in _pumped)
        {
            connection.Woken = false;
            try
            {
                bool more = connection.Pump();
                if (Link.TakeTurnedAway() || more) Wake(connection);
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

    /// <summary>Ends the connections of a guest.</summary>
    public void End(MacAddress guest)
    {
        foreach (TcpConnection connection in _connections.Values.Where(c => c.Guest == guest).ToArray()) connection.Evict();
    }

    public void EndAll()
    {
        foreach (TcpConnection connection in _connections.Values.ToArray()) connection.Evict();
    }
}
