using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>What happens when nothing happens.</summary>
internal sealed partial class TcpConnection
{
    /// <summary>RFC 9293, section 3.8.4: at least two hours.</summary>
    private const long KeepAliveAfter = 2 * 60 * 60 * 1000;

    private const long KeepAliveInterval = 75_000;
    private const int MaxKeepAlives = 9;

    /// <summary>About a quarter of an hour, as R2 of RFC 9293, section 3.8.3 wants at least 100 seconds.</summary>
    private const int MaxRetries = 15;

    private long _retransmitAt = long.MaxValue;
    private long _endAt = long.MaxValue;
    private int _retries;
    private int _keepAlives;

    public override void OnDue(long now)
    {
        switch (_phase)
        {
            case Phase.HostConnecting when now - _begun >= OpenTimeout:
                _table.Counters.TcpFailed.Increment();
                _table.TellFailure(Key, _guest, System.Net.Sockets.SocketError.TimedOut, _expected);
                Drop();
                return;
            case Phase.SynSent or Phase.SynReceived when now - _begun >= OpenTimeout:
                _table.Counters.TcpFailed.Increment();
                Drop();
                return;
            case Phase.TimeWait when now >= _endAt:
            case Phase.Closed:
                Drop();
                return;
        }

        if (now >= _endAt) Drop();
        else if (_table.Link.Blocked) _retransmitAt = Postponed(now);
        else if (now >= _retransmitAt) TimedOut(now);
        else if (_phase == Phase.Open && now >= KeepAliveDue) KeepAlive();
        _table.Wake(this);
    }

    private long KeepAliveDue => _lastHeard + KeepAliveAfter + _keepAlives * KeepAliveInterval;

    /// <summary>A machine that takes no frames is paused or busy, not gone.</summary>
    private long Postponed(long now) => _retransmitAt <= now ? now + _roundTrip.Timeout : _retransmitAt;

    private void TimedOut(long now)
    {
        _retransmitAt = long.MaxValue;
        switch (_phase)
        {
            case Phase.SynSent or Phase.SynReceived:
                if (_phase == Phase.SynReceived || _guest != default) _roundTrip.Backoff();
                SendSyn();
                break;
            case Phase.Open when ++_retries > MaxRetries:
                Fail();
                break;
            case Phase.Open:
                Retransmit(now);
                break;
        }
    }

    /// <summary>Everything from the oldest byte on, beginning with one segment; into a closed window, a single byte that asks whether it still is.</summary>
    private void Retransmit(long now)
    {
        _roundTrip.Backoff();
        if (_window > 0) _congestion.TimedOut(InFlight);
        _next = _unacknowledged;
        _timing = false;
        if (_window == 0 && _data.Count > 0) TrySendData(0, 1, false);
        else if (_window == 0 && _hostEnded && !_finAcknowledged) TrySendData(0, 0, true);
        _retransmitAt = now + _roundTrip.Timeout;
    }

    private void KeepAlive()
    {
        if (++_keepAlives > MaxKeepAlives) Fail();
        else Ask();
    }

    /// <summary>A segment that the guest has had long ago, which it has to answer.</summary>
    private void Ask() => _table.Writer.TrySend(Key, _guest, new TcpHeader(_unacknowledged - 1, _expected, TcpFlags.Ack, TakeWindow()));

    private void Schedule()
    {
        if (_phase == Phase.Closed) return;
        long at = Math.Min(_retransmitAt, _endAt);
        if (_phase is Phase.HostConnecting or Phase.SynSent or Phase.SynReceived) at = Math.Min(at, _begun + OpenTimeout);
        if (_phase == Phase.Open) at = Math.Min(at, KeepAliveDue);
        _table.Deadlines.Set(this, at);
    }
}
