using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>Segments of the guest, and what goes to the host.</summary>
internal sealed partial class TcpConnection
{
    /// <summary>A guest that says the same nonsense again and again is answered this often (RFC 5961, section 7).</summary>
    private const long ChallengeInterval = 500;

    private const int FirstWindow = 64 << 10;
    private uint _expected;
    private uint _windowEnd;
    private int _windowSize = FirstWindow;
    private int _ownScale;
    private int _guestScale;
    private long _taken;
    private long _lastHeard;
    private long _lastChallenge = long.MinValue / 2;
    private bool _acknowledge;

    /// <summary>Takes a segment of the guest.</summary>
    /// <returns>False if it begins a new connection in the place of this one, which is gone.</returns>
    public bool Take(in TcpSegment segment, MacAddress from)
    {
        _lastHeard = _table.Now;
        _keepAlives = 0;
        switch (_phase)
        {
            case Phase.HostConnecting:
                TakeWhileConnecting(segment);
                return true;
            case Phase.SynSent:
                TakeAnswer(segment, from);
                return true;
            case Phase.Closed:
                return false;
            case Phase.TimeWait:
                if (segment.Has(TcpFlags.Rst)) Drop();
                else if (segment.Has(TcpFlags.Syn) && Distance(_expected, segment.Sequence) >= 0) return Replace();
                else if (segment.Length > 0) _acknowledge = true;
                return true;
            default:
                TakeOrdinary(segment);
                return true;
        }
    }

    private static int Distance(uint from, uint to) => (int)(to - from);

    private bool Replace()
    {
        Drop();
        return false;
    }

    private void TakeSyn(in TcpSegment syn)
    {
        _expected = _windowEnd = syn.Sequence + 1;
        _windowUpdate = syn.Sequence;
        _window = syn.Window;
        _largestWindow = Math.Max(_largestWindow, _window);
        if (syn.MaxSegment > 0) _segment = Math.Clamp(syn.MaxSegment, 64, _ownSegment);
        _congestion.SetSegment(_segment);
        (_guestScale, _ownScale) = syn.WindowScale >= 0 ? (syn.WindowScale, OwnScale) : (0, 0);
    }

    private void TakeWhileConnecting(in TcpSegment segment)
    {
        if (segment.Has(TcpFlags.Rst))
        {
            if (segment.Sequence == _expected) Drop();
        }
        else if (segment.Has(TcpFlags.Syn) && !segment.Has(TcpFlags.Ack))
        {
            // The same SYN again, or the guest has given up and begins anew.
            TakeSyn(segment);
        }
    }

    /// <summary>The guest answers our SYN.</summary>
    private void TakeAnswer(in TcpSegment segment, MacAddress from)
    {
        bool acknowledges = segment.Has(TcpFlags.Ack) && segment.Acknowledgement == _initial + 1;
        if (segment.Has(TcpFlags.Rst))
        {
            if (!acknowledges) return;
            _table.Counters.TcpFailed.Increment();
            Drop();
        }
        else if (!acknowledges)
        {
            _table.Writer.Refuse(Key, from, segment);
        }
        else if (segment.Has(TcpFlags.Syn))
        {
            _guest = from;
            TakeSyn(segment);
            _unacknowledged = _next;
            _windowAcknowledgement = segment.Acknowledgement;
            _phase = Phase.Open;
            _retransmitAt = long.MaxValue;
            _retries = 0;
            _acknowledge = true;
        }
    }

    private void TakeOrdinary(in TcpSegment segment)
    {
        if (_phase == Phase.SynReceived && segment.Has(TcpFlags.Syn) && segment.Sequence + 1 == _expected)
        {
            SendSyn();
            return;
        }

        if (!IsAcceptable(segment))
        {
            if (segment.Has(TcpFlags.Rst)) return;
            if (segment.Payload.IsEmpty && !segment.Has(TcpFlags.Fin)) Challenge();
            else _acknowledge = true;
            return;
        }

        if (segment.Has(TcpFlags.Rst))
        {
            // Only the exact next one ends the connection; the guest, if it is honest, answers the challenge with that.
            if (segment.Sequence == _expected) Drop();
            else Challenge();
            return;
        }

        if (segment.Has(TcpFlags.Syn))
        {
            Challenge();
            return;
        }

        if (!segment.Has(TcpFlags.Ack) || !TakeAcknowledgement(segment)) return;
        TakeData(segment);
    }

    /// <summary>Whether any of it is within the window (RFC 9293, section 3.10.7.4); what reaches beyond is cut off later.</summary>
    private bool IsAcceptable(in TcpSegment segment)
    {
        int begin = Distance(_expected, segment.Sequence);
        int window = Distance(_expected, _windowEnd);
        if (segment.Length == 0) return begin >= 0 && begin <= window;
        return begin + (long)segment.Length > 0 && begin < Math.Max(window, 1);
    }

    private void Challenge()
    {
        if (_table.Now - _lastChallenge < ChallengeInterval) return;
        _lastChallenge = _table.Now;
        _acknowledge = true;
    }

    private void TakeData(in TcpSegment segment)
    {
        if (segment.Length == 0) return;
        _acknowledge = true;
        int skip = Distance(segment.Sequence, _expected);
        if (skip < 0 || _guestEnded) return;
        ReadOnlySpan<byte> data = skip < segment.Payload.Length ? segment.Payload[skip..] : [];
        int room = Math.Max(Distance(_expected, _windowEnd), 0);
        bool all = data.Length <= room;
        if (!all) data = data[..room];
        if (!data.IsEmpty)
        {
            _host.Send(data);
            _expected += (uint)data.Length;
            _taken += data.Length;
            GrowWindow();
        }

        if (!all || !segment.Has(TcpFlags.Fin) || Distance(segment.Sequence + (uint)segment.Payload.Length, _expected) != 0) return;
        _expected++;
        _guestEnded = true;
        _host.EndSending();
    }

    /// <summary>A guest that keeps the host's side busy without ever filling it gets a larger window.</summary>
    private void GrowWindow()
    {
        if (_taken < 2L * _windowSize || _windowSize == TcpTable.MaxBuffer || _ownScale == 0 || _host.Unsent > 0) return;
        _taken = 0;
        if (!_table.Budget.TryReserve(_windowSize)) return;
        _reserved += _windowSize;
        _windowSize *= 2;
    }

    /// <summary>The end of the window that we could tell now; never before one that was told.</summary>
    private uint WindowEnd()
    {
        int room = Math.Max(_windowSize - _host.Unsent, 0);
        room = Math.Min(room, ushort.MaxValue << _ownScale) >> _ownScale << _ownScale;
        uint end = _expected + (uint)room;
        return Distance(_windowEnd, end) > 0 ? end : _windowEnd;
    }

    /// <summary>Whether the guest knows of so little of the window that it has to be told (RFC 9293, section 3.8.6.2.2).</summary>
    private bool WindowHasOpened =>
        _phase == Phase.Open && !_guestEnded && Distance(_windowEnd, WindowEnd()) >= Math.Min(_windowSize / 2, 2 * _segment) && Distance(_expected, _windowEnd) < _windowSize / 4;

    private ushort TakeWindow()
    {
        _windowEnd = WindowEnd();
        return (ushort)Math.Min(Distance(_expected, _windowEnd) >> _ownScale, ushort.MaxValue);
    }
}
