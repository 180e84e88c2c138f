using System.Net.Sockets;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Services;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>The flows of UDP and of ICMP echo of a gateway, and which of them have something to read.</summary>
internal sealed class DatagramTable(EventLoop loop, GuestLink link, DeadlineQueue deadlines, GatewayLimits limits, GatewayCounters counters, IcmpReplies icmp)
{
    private readonly Dictionary<(FlowKey, byte), DatagramFlow> _flows = [];
    private readonly GuestPatience _patience = new(link, deadlines);
    private List<IDatagramSource> _woken = [];
    private List<IDatagramSource> _pumped = [];

    public EventLoop Loop { get; } = loop;

    public GuestLink Link { get; } = link;

    public DeadlineQueue Deadlines { get; } = deadlines;

    public long Now => Loop.Now;

    public int Count => _flows.Count;

    /// <summary>Whether datagrams are left in the host's sockets for now: the guest has no room, or has not got to those that it has. To be asked before each.</summary>
    public bool Waits => Link.Blocked || _patience.Waits(Now);

    public DatagramFlow? Find(in FlowKey key, byte protocol) => _flows.GetValueOrDefault((key, protocol));

    /// <summary>Adds a flow. If there are too many, the one that has been idle the longest goes.</summary>
    public void Add(DatagramFlow flow)
    {
        if (_flows.Count >= limits.DatagramFlows)
        {
            counters.FlowsRefused.Increment();
            Remove(_flows.Values.MinBy(f => f.LastUsed)!);
        }

        _flows[(flow.Key, flow.Protocol)] = flow;
        counters.UdpOpened.Increment();
    }

    public void Remove(DatagramFlow flow)
    {
        flow.Close();
        if (Find(flow.Key, flow.Protocol) == flow) _flows.Remove((flow.Key, flow.Protocol));
    }

    /// <summary>There is something to read.</summary>
    public void Wake(IDatagramSource source)
    {
        if (source.Woken) return;
        source.Woken = true;
        _woken.Add(source);
    }

    /// <summary>Passes on what has arrived. While the guest takes nothing it waits in the host's sockets.</summary>
    /// <returns>Whether there is more to do at once.</returns>
    public bool Pump()
    {
        if (_woken.Count == 0 || Link.Blocked) return false;
        (_woken, _pumped) = (_pumped, _woken);
        foreach (IDatagramSource source in _pumped)
        {
            source.Woken = false;
            // Whoever had to wait says that there may be more: it may be over by now.
            if (source.Pump()) Wake(source);
        }

        _pumped.Clear();
        return _woken.Count > 0 && !Waits;
    }

    /// <summary>Tells the guest that its datagram has not arrived.</summary>
    public void TellFailure(DatagramFlow flow, SocketError error)
    {
        Unreachable? why = error switch
        {
            SocketError.ConnectionRefused => Unreachable.Port,
            SocketError.HostUnreachable or SocketError.HostDown => Unreachable.Host,
            SocketError.NetworkUnreachable or SocketError.NetworkDown => Unreachable.Network,
            SocketError.AccessDenied => Unreachable.Prohibited,
            _ => null,
        };
        if (why is { } reason) icmp.Send(flow.Guest, flow.Key, flow.Protocol, 0, reason);
    }

    public void End(MacAddress guest)
    {
        foreach (DatagramFlow flow in _flows.Values.Where(f => f.Guest == guest).ToArray()) Remove(flow);
    }

    public void EndAll()
    {
        foreach (DatagramFlow flow in _flows.Values.ToArray()) Remove(flow);
    }
}
