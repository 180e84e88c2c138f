using System.Diagnostics;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>A small, plain TCP of a guest: no congestion control, sends again whatever is not acknowledged after a while, takes nothing out of order.</summary>
internal sealed class GuestTcp
{
    private const int RetransmitMilliseconds = 60;
    private readonly FakeGuest _guest;
    private readonly MemoryStream _received = new();
    private readonly List<byte> _toSend = [];
    private readonly int _scale;
    private uint _unacknowledged = 1000;
    private uint _next = 1000;
    private uint _peerWindow;
    private int _peerScale;
    private bool _finQueued;
    private bool _finSent;
    private long _sentAt;

    public GuestTcp(FakeGuest guest, Address remote, ushort port, ushort ownPort = 40000, int scale = 7)
    {
        _guest = guest;
        _scale = scale;
        Key = new FlowKey(guest.Own, ownPort, remote, port);
    }

    public FlowKey Key { get; }

    public bool IsOpen { get; private set; }

    public bool IsReset { get; private set; }

    /// <summary>The peer has ended its stream.</summary>
    public bool PeerEnded { get; private set; }

    /// <summary>Everything that was sent, the end included, has been acknowledged.</summary>
    public bool AllAcknowledged => _toSend.Count == 0 && (!_finQueued || (_finSent && _unacknowledged == _next));

    public uint Expected { get; private set; }

    public uint Next => _next;

    public uint PeerWindow => _peerWindow;

    public int MaxSegment { get; init; } = 1460;

    /// <summary>What we say that we can take.</summary>
    public int Window { get; set; } = 256 << 10;

    public byte[] Received => _received.ToArray();

    public long ReceivedLength => _received.Length;

    public void Connect()
    {
        SendSyn();
        PumpUntil(() => IsOpen || IsReset);
    }

    public void SendSyn() =>
        _guest.SendTcp(Key, 1000, 0, TcpFlags.Syn, options: [2, 4, (byte)(MaxSegment >> 8), (byte)MaxSegment, 1, 3, 3, (byte)_scale]);

    public void Send(ReadOnlySpan<byte> data) => _toSend.AddRange(data);

    public void Finish() => _finQueued = true;

    public void Acknowledge(TcpFlags more = TcpFlags.None, ReadOnlySpan<byte> payload = default) =>
        _guest.SendTcp(Key, _next, Expected, TcpFlags.Ack | more, (ushort)Math.Min(Window >> _scale, 65535), payload);

    /// <summary>Receives and sends until the condition holds.</summary>
    public void PumpUntil(Func<bool> condition, double seconds = 20)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed.TotalSeconds > seconds) throw new Xunit.Sdk.XunitException("What was waited for did not come about.");
            Transmit();
            if (_guest.Receive(TimeSpan.FromMilliseconds(5)) is { } frame) Take(frame);
        }
    }

    public void PumpFor(double milliseconds)
    {
        var watch = Stopwatch.StartNew();
        PumpUntil(() => watch.ElapsedMilliseconds >= milliseconds);
    }

    /// <summary>Looks at one frame.</summary>
    public bool Take(byte[] frame)
    {
        if (!FakeGuest.TryRead(frame, out IpPacket packet) || packet.Protocol != IpProtocol.Tcp || packet.Source != Key.Remote) return false;
        if (!TcpSegment.TryRead(packet.Payload, out TcpSegment segment) || segment.DestinationPort != Key.GuestPort || segment.SourcePort != Key.RemotePort) return false;
        if (segment.Has(TcpFlags.Rst))
        {
            if (!IsOpen || segment.Sequence == Expected) IsReset = true;
            else Acknowledge();
            return true;
        }

        if (segment.Has(TcpFlags.Syn))
        {
            TakeSyn(segment);
            return true;
        }

        if (IsOpen) TakeOrdinary(segment);
        return true;
    }

    private void TakeSyn(in TcpSegment segment)
    {
        if (!IsOpen)
        {
            IsOpen = true;
            Expected = segment.Sequence + 1;
            _peerScale = Math.Max((int)segment.WindowScale, 0);
            _peerWindow = segment.Window;
            _unacknowledged = _next = 1001;
        }

        Acknowledge();
    }

    private void TakeOrdinary(in TcpSegment segment)
    {
        int news = (int)(segment.Acknowledgement - _unacknowledged);
        if (news > 0 && news <= (int)(_next - _unacknowledged))
        {
            _toSend.RemoveRange(0, Math.Min(news, _toSend.Count));
            _unacknowledged = segment.Acknowledgement;
        }

        _peerWindow = (uint)segment.Window << _peerScale;
        int skip = (int)(Expected - segment.Sequence);
        if (segment.Length == 0 && skip == 0) return;
        if (skip >= 0 && skip <= segment.Payload.Length)
        {
            ReadOnlySpan<byte> data = segment.Payload[skip..];
            data = data[..Math.Min(data.Length, Window)];
            _received.Write(data);
            Expected += (uint)data.Length;
            if (segment.Has(TcpFlags.Fin) && !PeerEnded && segment.Sequence + (uint)segment.Payload.Length == Expected)
            {
                Expected++;
                PeerEnded = true;
            }
        }

        Acknowledge();
    }

    private void Transmit()
    {
        if (!IsOpen || IsReset) return;
        bool again = _next != _unacknowledged && Environment.TickCount64 - _sentAt > RetransmitMilliseconds;
        if (again)
        {
            _next = _unacknowledged;
            _finSent = false;
        }

        while (true)
        {
            int offset = (int)(_next - _unacknowledged);
            if (_finSent) return;
            int count = Math.Min(Math.Min(_toSend.Count - offset, (int)_peerWindow - offset), MaxSegment);
            if (count > 0)
            {
                byte[] data = [.. _toSend.GetRange(offset, count)];
                Acknowledge(TcpFlags.Psh, data);
                _next += (uint)count;
                _sentAt = Environment.TickCount64;
            }
            else if (_finQueued && offset == _toSend.Count)
            {
                Acknowledge(TcpFlags.Fin);
                _next++;
                _finSent = true;
                _sentAt = Environment.TickCount64;
            }
            else
            {
                return;
            }
        }
    }
}
