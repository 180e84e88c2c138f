// RFC 9293: Transmission Control Protocol; RFC 7323, section 2: window scale; RFC 5961: what a stranger's segment may not do.
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>
/// One TCP connection between the guest and us, joined to a stream of the host. The host's side is connected before the guest's SYN is answered, so that the guest learns
/// the truth. Without SACK, timestamps and a queue of segments out of order: a virtual cable keeps the order, and what is missing is asked for again.
/// </summary>
internal sealed partial class TcpConnection : Timed
{
    /// <summary>How long a connection that has ended on both sides waits for the guest's last retransmission, or for the host to take the last bytes.</summary>
    private const long TimeWait = 30_000;

    private const long LastBytes = 120_000;
    private const long OpenTimeout = 75_000;

    /// <summary>Our windows are told in units of 16 bytes.</summary>
    private const int OwnScale = 4;

    private readonly TcpTable _table;
    private readonly IHostStream _host;
    private readonly uint _initial;
    private readonly long _begun;
    private readonly int _ownSegment;
    private Phase _phase;
    private MacAddress _guest;
    private bool _guestEnded;
    private bool _hostEnded;
    private bool _finAcknowledged;
    private int _reserved;

    private TcpConnection(TcpTable table, in FlowKey key, MacAddress guest, IHostStream host, Phase phase)
    {
        (_table, Key, _guest, _host, _phase) = (table, key, guest, host, phase);
        _ownSegment = GuestLink.Mtu - TcpSegment.HeaderLength - (key.Remote.IsV4 ? IpPacket.HeaderV4 : IpPacket.HeaderV6);
        _segment = key.Remote.IsV4 ? 536 : 1220;
        _initial = (uint)Random.Shared.NextInt64();
        _unacknowledged = _next = _sent = _initial;
        _begun = _lastHeard = table.Now;
        _congestion = new CongestionWindow(_segment, TcpTable.MaxBuffer);
        host.Changed = () => table.Wake(this);
    }

    private enum Phase
    {
        /// <summary>The guest's SYN waits until the host's side is open.</summary>
        HostConnecting,

        /// <summary>We have sent a SYN, for somebody on the host who wants in.</summary>
        SynSent,

        SynReceived,

        /// <summary>Data flows, until both sides have ended and what they said has arrived.</summary>
        Open,

        /// <summary>All has been said; the guest may not have heard that we know.</summary>
        TimeWait,

        Closed,
    }

    public FlowKey Key { get; }

    /// <summary>The Ethernet address of the guest's end, as far as it is known.</summary>
    public MacAddress Guest => _guest;

    /// <summary>Whether it is in the list of those that have something to do.</summary>
    public bool Woken { get; set; }

    /// <summary>Whether it holds nothing that is worth keeping when room is needed.</summary>
    public bool IsOver => _phase is Phase.TimeWait or Phase.Closed;

    /// <summary>Whether it waits for the host.</summary>
    public bool IsConnecting => _phase == Phase.HostConnecting;

    /// <summary>A connection that the guest opens.</summary>
    public static TcpConnection FromGuest(TcpTable table, in FlowKey key, MacAddress guest, in TcpSegment syn, IHostStream host)
    {
        var connection = new TcpConnection(table, key, guest, host, Phase.HostConnecting);
        connection.TakeSyn(syn);
        host.Connect();
        connection.Schedule();
        return connection;
    }

    /// <summary>A connection that somebody on the host opens to the guest.</summary>
    public static TcpConnection ToGuest(TcpTable table, in FlowKey key, IHostStream host)
    {
        var connection = new TcpConnection(table, key, default, host, Phase.SynSent);
        connection._next = connection._sent = connection._initial + 1;
        connection.SendSyn();
        connection.Schedule();
        return connection;
    }

    /// <summary>Does what there is to do: moves data both ways, answers. Called at the end of a turn after anything has happened.</summary>
    /// <returns>Whether there is more to do at once.</returns>
    public bool Pump()
    {
        bool more = false;
        if (_phase == Phase.HostConnecting) HostConnected();
        if (_phase is Phase.SynReceived or Phase.Open && _host.State == HostStreamState.Failed) Fail();
        if (_phase == Phase.Open) more = MoveToGuest();
        if (_phase is Phase.Open or Phase.TimeWait)
        {
            if (_acknowledge || WindowHasOpened) SendAcknowledgement();
            EndIfDone();
        }

        Schedule();
        return more;
    }

    /// <summary>Ends both sides at once.</summary>
    public void Fail()
    {
        if (_phase is Phase.SynReceived or Phase.Open) _table.Writer.TrySend(Key, _guest, new TcpHeader(_next, _expected, TcpFlags.Rst | TcpFlags.Ack, 0));
        _table.Counters.TcpFailed.Increment();
        Drop();
    }

    /// <summary>Ends the host's side and forgets it.</summary>
    public void Evict() => Drop();

    private void Drop()
    {
        if (_phase == Phase.Closed) return;
        _phase = Phase.Closed;
        _host.Abort();
        Release();
        _table.Remove(this);
    }

    private void HostConnected()
    {
        if (_host.State == HostStreamState.Failed)
        {
            _table.Counters.TcpFailed.Increment();
            _table.TellFailure(Key, _guest, _host.Error, _expected);
            Drop();
        }
        else if (_host.State == HostStreamState.Open)
        {
            _phase = Phase.SynReceived;
            _next = _sent = _initial + 1;
            SendSyn();
        }
    }

    /// <summary>Both have ended: at the latest when the guest has had time to say so again, nothing is left of the connection.</summary>
    private void EndIfDone()
    {
        if (_phase != Phase.Open || !_guestEnded || !_finAcknowledged) return;
        if (_host.Unsent > 0)
        {
            if (_endAt == long.MaxValue) _endAt = _table.Now + LastBytes;
            return;
        }

        _host.Close();
        Release();
        _phase = Phase.TimeWait;
        _endAt = _table.Now + TimeWait;
        _retransmitAt = long.MaxValue;
    }

    private void Release()
    {
        _data.Dispose();
        _table.Budget.Release(_reserved);
        _reserved = 0;
    }
}
