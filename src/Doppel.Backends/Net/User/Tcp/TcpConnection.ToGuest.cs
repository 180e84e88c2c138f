using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>Data of the host, and what the guest acknowledges.</summary>
internal sealed partial class TcpConnection
{
    /// <summary>Bytes that are read from the host although the guest takes none.</summary>
    private const int LeastBuffer = 16 << 10;

    private const int ReadPiece = 64 << 10;
    private const int TurnBytes = 256 << 10;
    private readonly ByteRing _data = new();
    private readonly CongestionWindow _congestion;
    private readonly RetransmissionTimer _roundTrip = new();
    private int _segment;
    private uint _unacknowledged;
    private uint _next;
    private uint _sent;
    private uint _window;
    private uint _largestWindow;
    private uint _windowUpdate;
    private uint _windowAcknowledgement;
    private bool _timing;
    private uint _timedEnd;
    private long _timedAt;
    private int _dataReserved = LeastBuffer;

    private int InFlight => Distance(_unacknowledged, _next);

    /// <returns>Whether the rest of the segment is to be looked at.</returns>
    private bool TakeAcknowledgement(in TcpSegment segment)
    {
        uint acknowledgement = segment.Acknowledgement;
        int news = Distance(_unacknowledged, acknowledgement);
        if (_phase == Phase.SynReceived)
        {
            if (acknowledgement != _initial + 1)
            {
                _table.Writer.Refuse(Key, _guest, segment);
                return false;
            }

            _phase = Phase.Open;
            _unacknowledged = acknowledgement;
            (_retransmitAt, _retries) = (long.MaxValue, 0);
            _roundTrip.Progress();
            _windowUpdate = segment.Sequence - 1;
            news = 0;
        }

        if (Distance(_sent, acknowledgement) > 0)
        {
            // What was never sent cannot have arrived.
            Challenge();
            return false;
        }

        // The guest lives: whoever probes a window that is closed goes on as long as it answers.
        if (news >= 0) _retries = 0;
        if (news > 0) Acknowledged(news, acknowledgement);
        else if (news == 0 && IsDuplicate(segment) && _congestion.Duplicate(InFlight, _sent)) SendAgain();
        if (news >= 0) TakeGuestWindow(segment);
        return true;
    }

    private bool IsDuplicate(in TcpSegment segment) => segment.Length == 0 && InFlight > 0 && (uint)segment.Window << _guestScale == _window && _window > 0;

    private void Acknowledged(int news, uint acknowledgement)
    {
        int data = Math.Min(news, _data.Count);
        if (news > data) _finAcknowledged = true;
        _data.Consume(data);
        _unacknowledged = acknowledgement;
        if (InFlight < 0) _next = acknowledgement;
        if (_timing && Distance(_timedEnd, acknowledgement) >= 0)
        {
            _roundTrip.Sample(_table.Now - _timedAt);
            _timing = false;
        }

        _roundTrip.Progress();
        if (_congestion.Acknowledged(data, acknowledgement)) SendAgain();
        _retransmitAt = InFlight > 0 ? _table.Now + _roundTrip.Timeout : long.MaxValue;
    }

    private void TakeGuestWindow(in TcpSegment segment)
    {
        int order = Distance(_windowUpdate, segment.Sequence);
        if (order < 0 || (order == 0 && Distance(_windowAcknowledgement, segment.Acknowledgement) < 0)) return;
        bool wasClosed = _window == 0;
        _window = (uint)segment.Window << _guestScale;
        _largestWindow = Math.Max(_largestWindow, _window);
        (_windowUpdate, _windowAcknowledgement) = (segment.Sequence, segment.Acknowledgement);

        // The byte with which a closed window was probed may have been dropped.
        if (!wasClosed || _window == 0) return;
        _next = _unacknowledged;
        _retransmitAt = long.MaxValue;
    }

    /// <summary>Reads from the host as much as the guest can take, and sends it.</summary>
    private bool MoveToGuest()
    {
        int budget = TurnBytes;
        while (budget > 0)
        {
            int read = ReadHost();
            bool sent = Transmit();
            if (_phase != Phase.Open) return false;
            if (read == 0 && !sent) return false;
            budget -= read;
            if (read == 0) return false;
        }

        return true;
    }

    private int ReadHost()
    {
        if (_hostEnded) return 0;
        int most = (int)Math.Clamp(Math.Min(_window, (uint)_congestion.Bytes) + 2L * _segment, LeastBuffer, TcpTable.MaxBuffer);
        int wanted = Math.Min(Math.Min(most - _data.Count, ReadPiece), BufferLeft());
        if (wanted <= 0 || _table.Link.Blocked) return 0;
        int count = _host.Receive(_data.Free(wanted), out bool ended);
        if (_host.State == HostStreamState.Failed)
        {
            Fail();
            return 0;
        }

        _data.Commit(count);
        _hostEnded = ended;
        return count;
    }

    /// <summary>How much more may be buffered, with what the gateway as a whole allows.</summary>
    private int BufferLeft()
    {
        while (_data.Count >= _dataReserved && _dataReserved < TcpTable.MaxBuffer && _table.Budget.TryReserve(_dataReserved))
        {
            _reserved += _dataReserved;
            _dataReserved *= 2;
        }

        return _dataReserved - _data.Count;
    }

    /// <summary>Sends what the guest's window and the congestion window let through.</summary>
    private bool Transmit()
    {
        bool any = false;
        int most = _table.Link.MaxTcpPayload(Key.Remote.IsV4, _segment);
        while (true)
        {
            int offset = InFlight;
            int available = _data.Count - offset;
            int count = Math.Min(Math.Min(available, (int)Math.Min(_window, (uint)_congestion.Bytes) - offset), most);
            bool end = _hostEnded && !_finAcknowledged && count >= 0 && count == available;
            if (count < 0 || (count == 0 && !end)) break;

            // Whole segments, unless it is all there is; and no small ones into a window that is nearly full (RFC 9293, section 3.8.6.2.1).
            if (count > _segment && count < available) count -= count % _segment;
            if (count < _segment && count < available && (offset > 0 || count < Math.Min(_segment, _largestWindow / 2))) break;
            if (!TrySendData(offset, count, end)) break;
            any = true;
        }

        if (InFlight > 0 || (_window == 0 && _data.Count > 0))
        {
            if (_retransmitAt == long.MaxValue) _retransmitAt = _table.Now + _roundTrip.Timeout;
        }

        return any;
    }

    private bool TrySendData(int offset, int count, bool end)
    {
        TcpFlags flags = TcpFlags.Ack | (end ? TcpFlags.Fin : 0) | (offset + count == _data.Count ? TcpFlags.Psh : 0);
        bool again = Distance(_next, _sent) > 0;
        if (!_table.Writer.TrySend(Key, _guest, new TcpHeader(_next, _expected, flags, TakeWindow()), _data, offset, count, _segment)) return false;
        _acknowledge = false;
        _next += (uint)count + (end ? 1u : 0);
        if (again) _table.Counters.TcpRetransmitted.Increment();
        else if (!_timing) (_timing, _timedEnd, _timedAt) = (true, _next, _table.Now);
        if (again) _timing = false;
        if (Distance(_sent, _next) > 0) _sent = _next;
        return true;
    }

    /// <summary>Sends the oldest segment once more.</summary>
    private void SendAgain()
    {
        int count = Math.Min(_segment, _data.Count);
        bool end = count == _data.Count && Distance(_unacknowledged + (uint)count, _sent) > 0 && _hostEnded;
        if (count == 0 && !end) return;
        TcpFlags flags = TcpFlags.Ack | (end ? TcpFlags.Fin : 0) | TcpFlags.Psh;
        _table.Writer.TrySend(Key, _guest, new TcpHeader(_unacknowledged, _expected, flags, TakeWindow()), _data, 0, count, _segment);
        _table.Counters.TcpRetransmitted.Increment();
        _timing = false;
    }

    private void SendAcknowledgement()
    {
        if (_table.Writer.TrySend(Key, _guest, new TcpHeader(_next, _expected, TcpFlags.Ack, TakeWindow()))) _acknowledge = false;
    }

    private void SendSyn()
    {
        bool answer = _phase == Phase.SynReceived;
        if (_retransmitAt == long.MaxValue) _retransmitAt = _table.Now + _roundTrip.Timeout;
        if (!answer && !_table.TryResolve(Key.Guest, out _guest))
        {
            // The guest is not there yet, or has not been heard of: it is asked for, and looked for again soon.
            _retransmitAt = _table.Now + 250;
            return;
        }

        int room = Math.Min(_windowSize, ushort.MaxValue);
        var header = new TcpHeader(_initial, answer ? _expected : 0, answer ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Syn, (ushort)room);
        if (answer) _windowEnd = _expected + (uint)room;
        _table.Writer.TrySend(Key, _guest, header, _ownSegment, answer && _ownScale == 0 ? -1 : OwnScale);
    }
}
