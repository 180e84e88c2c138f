using System.Buffers.Binary;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Loop;

/// <summary>
/// The way to the guest. Frames are built in one buffer: the payload is put where it belongs, the headers before it. What the adapter can be left to do (checksums,
/// cutting into segments) is left to it.
/// </summary>
internal sealed class GuestLink(MacAddress own, GatewayCounters counters)
{
    public const int Mtu = 1500;

    /// <summary>Small frames that wait for room; what comes then is lost, as on any full link.</summary>
    private const int MaxWaiting = 256;

    private const int MaxWaitingBytes = 512 << 10;
    private const int MaxPayload = 65_535;
    private readonly byte[] _frame = new byte[IpWriter.Ethernet + IpPacket.HeaderV6 + MaxPayload];
    private readonly byte[] _fragment = new byte[IpWriter.Ethernet + Mtu];
    private readonly Queue<(byte[] Frame, FrameOffload Offload)> _waiting = new();
    private int _waitingBytes;
    private uint _fragmentId;
    private volatile INetworkPort? _adapter;
    private volatile bool _blocked;
    private bool _turnedAway;

    public MacAddress Own { get; } = own;

    /// <summary>Whether the adapter has no room; <see cref="Unblock"/> ends that. Who is told so is turned away.</summary>
    public bool Blocked
    {
        get
        {
            if (!_blocked) return false;
            _turnedAway = true;
            return true;
        }
    }

    /// <summary>Whether the guest still has to do with the datagrams that it has.</summary>
    public bool IsBehind => _adapter?.IsBehind == true;

    public void Connect(INetworkPort adapter) => _adapter = adapter;

    /// <summary>
    /// Whether anybody was turned away since this was last asked: he has to come again. <see cref="Blocked"/> does not tell that afterwards, as there may be room again by then.
    /// </summary>
    public bool TakeTurnedAway()
    {
        bool turnedAway = _turnedAway;
        _turnedAway = false;
        return turnedAway;
    }

    /// <summary>The adapter may have room again. Thread-safe.</summary>
    public void Unblock() => _blocked = false;

    /// <summary>The most bytes of TCP payload that one frame may carry, in whole segments.</summary>
    public int MaxTcpPayload(bool v4, int segment)
    {
        FrameOffloads accepts = _adapter?.Accepts ?? FrameOffloads.None;
        FrameOffloads needed = FrameOffloads.Checksum | (v4 ? FrameOffloads.Tcp4Segmentation : FrameOffloads.Tcp6Segmentation);
        if ((accepts & needed) != needed) return segment;
        int most = MaxPayload - TcpSegment.HeaderLength - (v4 ? IpPacket.HeaderV4 : 0);
        return Math.Max(most / segment * segment, segment);
    }

    /// <summary>Where the payload of an IP packet is to be put before it is sent.</summary>
    public Span<byte> Payload(bool v4) => _frame.AsSpan(IpWriter.HeaderLength(v4));

    /// <summary>Sends a TCP segment, or several in one, that is in <see cref="Payload"/>, its checksum excepted. False if there is no room.</summary>
    /// <param name="length">Of header and payload.</param>
    public bool TrySendTcp(MacAddress to, in Address from, in Address destination, int headerLength, int length, int segment)
    {
        int headers = IpWriter.HeaderLength(from.IsV4);
        FrameOffload offload = Checksum(from, destination, IpProtocol.Tcp, 16, length);
        if (length - headerLength > segment)
        {
            offload = offload with
            {
                Segmentation = from.IsV4 ? FrameSegmentation.Tcp4 : FrameSegmentation.Tcp6,
                SegmentSize = (ushort)segment,
                HeaderLength = (ushort)(headers + headerLength),
            };
        }

        Span<byte> frame = Headers(to, from, destination, IpProtocol.Tcp, length);
        return TrySend(frame, offload);
    }

    /// <summary>Sends a datagram that is in <see cref="Payload"/>, its UDP header included but for the checksum.</summary>
    public void SendUdp(MacAddress to, in Address from, in Address destination, int length)
    {
        bool whole = length <= MaxPacket(from.IsV4);
        FrameOffload offload = whole ? Checksum(from, destination, IpProtocol.Udp, 6, length) : default;
        if (!whole) CompleteChecksum(from, destination, IpProtocol.Udp, 6, length);
        SendPacket(to, from, destination, IpProtocol.Udp, length, offload);
    }

    /// <summary>Sends an ICMP message that is in <see cref="Payload"/>, but for its checksum.</summary>
    public void SendIcmp(MacAddress to, in Address from, in Address destination, int length, byte hops = 64)
    {
        Span<byte> message = Payload(from.IsV4)[..length];
        message[2] = message[3] = 0;
        ulong sum = from.IsV4 ? 0 : PseudoHeader.Sum(from, destination, IpProtocol.IcmpV6, length);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Finish(InternetChecksum.Add(message, sum)));
        SendPacket(to, from, destination, from.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, length, new FrameOffload { ChecksumValid = true }, hops);
    }

    /// <summary>Sends a frame as it is; if there is no room it waits a while for some.</summary>
    public void Send(ReadOnlySpan<byte> frame, in FrameOffload offload = default)
    {
        if (_waiting.Count == 0 && TrySend(frame, offload)) return;
        if (_waiting.Count == MaxWaiting || _waitingBytes + frame.Length > MaxWaitingBytes)
        {
            counters.FramesLost.Increment();
            return;
        }

        _waiting.Enqueue((frame.ToArray(), offload));
        _waitingBytes += frame.Length;
    }

    /// <summary>Sends what waits, as far as there is room.</summary>
    public void SendWaiting()
    {
        while (_waiting.TryPeek(out (byte[] Frame, FrameOffload Offload) next) && TrySend(next.Frame, next.Offload))
        {
            _waiting.Dequeue();
            _waitingBytes -= next.Frame.Length;
        }
    }

    /// <summary>Drops what waits.</summary>
    public void Clear()
    {
        _waiting.Clear();
        _waitingBytes = 0;
    }

    private static int MaxPacket(bool v4) => Mtu - (v4 ? IpPacket.HeaderV4 : IpPacket.HeaderV6);

    private bool TrySend(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (Blocked || _adapter is not { } adapter) return false;

        // Blocked before the question: room that appears after a refusal unblocks again.
        _blocked = true;
        if (!adapter.TryTake(frame, offload))
        {
            _turnedAway = true;
            return false;
        }

        _blocked = false;
        counters.FramesToGuest.Increment();
        counters.BytesToGuest.Add(frame.Length);
        return true;
    }

    private Span<byte> Headers(MacAddress to, in Address from, in Address destination, byte protocol, int length, byte hops = 64)
    {
        int headers = IpWriter.HeaderLength(from.IsV4);
        Span<byte> frame = _frame.AsSpan(0, headers + length);
        IpWriter.WriteEthernet(frame, to, Own, from.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        IpWriter.WriteIp(frame[IpWriter.Ethernet..], from, destination, protocol, length, hops: hops);
        return frame;
    }

    private FrameOffload Checksum(in Address from, in Address to, byte protocol, int at, int length)
    {
        if (((_adapter?.Accepts ?? FrameOffloads.None) & FrameOffloads.Checksum) == 0)
        {
            CompleteChecksum(from, to, protocol, at, length);
            return new FrameOffload { ChecksumValid = true };
        }

        ushort pseudo = InternetChecksum.Partial(PseudoHeader.Sum(from, to, protocol, length));
        BinaryPrimitives.WriteUInt16BigEndian(Payload(from.IsV4)[at..], pseudo);
        return new FrameOffload { NeedsChecksum = true, ChecksumStart = (ushort)IpWriter.HeaderLength(from.IsV4), ChecksumOffset = (ushort)at };
    }

    private void CompleteChecksum(in Address from, in Address to, byte protocol, int at, int length)
    {
        Span<byte> payload = Payload(from.IsV4)[..length];
        BinaryPrimitives.WriteUInt16BigEndian(payload[at..], 0);
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(payload, PseudoHeader.Sum(from, to, protocol, length)));

        // In UDP no checksum is 0, so a sum of 0 is sent as its other form (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(payload[at..], checksum == 0 && protocol == IpProtocol.Udp ? (ushort)0xffff : checksum);
    }

    private void SendPacket(MacAddress to, in Address from, in Address destination, byte protocol, int length, in FrameOffload offload, byte hops = 64)
    {
        if (length <= MaxPacket(from.IsV4)) Send(Headers(to, from, destination, protocol, length, hops), offload);
        else SendFragments(to, from, destination, protocol, length, hops);
    }

    private void SendFragments(MacAddress to, in Address from, in Address destination, byte protocol, int length, byte hops)
    {
        bool v4 = from.IsV4;
        int extra = v4 ? 0 : 8;
        int piece = (MaxPacket(v4) - extra) & ~7;
        int headers = IpWriter.HeaderLength(v4);
        _fragmentId++;
        for (int offset = 0; offset < length; offset += piece)
        {
            int count = Math.Min(piece, length - offset);
            bool more = offset + count < length;
            Span<byte> frame = _fragment.AsSpan(0, headers + extra + count);
            IpWriter.WriteEthernet(frame, to, Own, v4 ? EtherType.Ipv4 : EtherType.Ipv6);
            IpWriter.WriteIp(frame[IpWriter.Ethernet..], from, destination, v4 ? protocol : (byte)44, extra + count, (ushort)_fragmentId, (ushort)((offset / 8) | (more ? 0x2000 : 0)), hops);
            if (!v4)
            {
                Span<byte> header = frame[headers..];
                header[0] = protocol;
                header[1] = 0;
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(offset | (more ? 1 : 0)));
                BinaryPrimitives.WriteUInt32BigEndian(header[4..], _fragmentId);
            }

            Payload(v4).Slice(offset, count).CopyTo(frame[(headers + extra)..]);
            Send(frame, new FrameOffload { ChecksumValid = true });
        }
    }
}
