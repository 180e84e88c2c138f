using System.Buffers.Binary;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>What a segment to the guest says.</summary>
internal readonly record struct TcpHeader(uint Sequence, uint Acknowledgement, TcpFlags Flags, ushort Window);

/// <summary>Writes segments to the guest.</summary>
internal sealed class TcpWriter(GuestLink link)
{
    /// <summary>Sends a segment without payload; one with SYN says our segment size and, if it is not negative, our window scale.</summary>
    public bool TrySend(in FlowKey key, MacAddress guest, in TcpHeader header, int maxSegment = 0, int windowScale = -1)
    {
        Span<byte> segment = link.Payload(key.Remote.IsV4);
        int length = TcpSegment.HeaderLength;
        if ((header.Flags & TcpFlags.Syn) != 0)
        {
            segment[length] = 2;
            segment[length + 1] = 4;
            BinaryPrimitives.WriteUInt16BigEndian(segment[(length + 2)..], (ushort)maxSegment);
            length += 4;
            if (windowScale >= 0)
            {
                segment[length] = 1;
                segment[length + 1] = 3;
                segment[length + 2] = 3;
                segment[length + 3] = (byte)windowScale;
                length += 4;
            }
        }

        WriteHeader(segment, key, header, length);
        return link.TrySendTcp(guest, key.Remote, key.Guest, length, length, ushort.MaxValue);
    }

    /// <summary>Sends <paramref name="count"/> bytes that begin at <paramref name="offset"/> of the ring, to be cut into segments if they are more than one.</summary>
    public bool TrySend(in FlowKey key, MacAddress guest, in TcpHeader header, ByteRing data, int offset, int count, int segmentSize)
    {
        Span<byte> segment = link.Payload(key.Remote.IsV4);
        WriteHeader(segment, key, header, TcpSegment.HeaderLength);
        data.CopyTo(offset, segment.Slice(TcpSegment.HeaderLength, count));
        return link.TrySendTcp(guest, key.Remote, key.Guest, TcpSegment.HeaderLength, TcpSegment.HeaderLength + count, segmentSize);
    }

    /// <summary>Answers a segment for which there is no connection (RFC 9293, section 3.10.7.1).</summary>
    public void Refuse(in FlowKey key, MacAddress guest, in TcpSegment segment)
    {
        if (segment.Has(TcpFlags.Rst)) return;
        TrySend(key, guest, segment.Has(TcpFlags.Ack)
            ? new TcpHeader(segment.Acknowledgement, 0, TcpFlags.Rst, 0)
            : new TcpHeader(0, segment.Sequence + segment.Length, TcpFlags.Rst | TcpFlags.Ack, 0));
    }

    private static void WriteHeader(Span<byte> segment, in FlowKey key, in TcpHeader header, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment, key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], key.GuestPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], header.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], header.Acknowledgement);
        segment[12] = (byte)(length / 4 << 4);
        segment[13] = (byte)header.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], header.Window);
        BinaryPrimitives.WriteUInt32BigEndian(segment[16..], 0);
    }
}
