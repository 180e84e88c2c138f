// RFC 9293 "Transmission Control Protocol", section 3.1; RFC 791 "Internet Protocol", section 3.1; RFC 8200 "IPv6", sections 3 and 8.1.
using System.Buffers;
using System.Buffers.Binary;
using Doppel.Core.Backends;

namespace Doppel.Core.Net;

/// <summary>Cuts a large TCP frame into segments with all checksums, as an adapter does with segmentation offload.</summary>
internal static class TcpSegments
{
    private const ushort TypeIpv4 = 0x0800, TypeIpv6 = 0x86dd, TypeTag = 0x8100, TypeServiceTag = 0x88a8;
    private const byte ProtocolTcp = 6;
    private const int Ipv4MinHeader = 20, Ipv6Header = 40, TcpMinHeader = 20;
    private const int SequenceOffset = 4, DataOffset = 12, FlagsOffset = 13, ChecksumOffset = 16;
    private const byte Fin = 1, Push = 8, CongestionWindowReduced = 128;

    /// <inheritdoc cref="FrameDelivery.TryDeliver"/>
    public static bool TryDeliver(INetworkPort to, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        // Only headers count, which are checked here: what the frame's sender says of their length does not.
        if (!TryFind(frame, offload, out int ip, out int tcp, out int payload)) return true;
        int size = offload.SegmentSize, total = frame.Length - payload;
        byte[] segment = ArrayPool<byte>.Shared.Rent(payload + Math.Min(size, Math.Max(total, 1)));
        bool taken = true;
        int done = 0;
        do
        {
            int length = Math.Min(size, total - done);
            Span<byte> one = segment.AsSpan(0, payload + length);
            frame[..payload].CopyTo(one);
            frame.Slice(payload + done, length).CopyTo(one[payload..]);
            FixNetworkHeader(one, ip, offload.Segmentation, done / size);
            FixTcpHeader(one, ip, tcp, offload.Segmentation, (uint)done, first: done == 0, last: done + length == total);
            taken = to.TryTake(one, new FrameOffload { ChecksumValid = true });
            if (!taken) break;
            done += length;
        }
        while (done < total);

        ArrayPool<byte>.Shared.Return(segment);
        // The sender may only be asked to come again with all of it if nothing was taken.
        return taken || done > 0;
    }

    private static bool TryFind(ReadOnlySpan<byte> frame, in FrameOffload offload, out int ip, out int tcp, out int payload)
    {
        ip = FrameDelivery.HeaderLength;
        tcp = offload.ChecksumStart;
        payload = 0;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[(ip - 2)..]);
        while (type is TypeTag or TypeServiceTag)
        {
            ip += 4;
            if (ip > frame.Length) return false;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(ip - 2)..]);
        }

        bool right = offload.Segmentation == FrameSegmentation.Tcp4
            ? type == TypeIpv4 && tcp >= ip + Ipv4MinHeader && tcp <= frame.Length && frame[ip] >> 4 == 4 && (frame[ip] & 15) * 4 == tcp - ip && frame[ip + 9] == ProtocolTcp
            : type == TypeIpv6 && tcp >= ip + Ipv6Header && tcp <= frame.Length && frame[ip] >> 4 == 6;
        if (!right || offload.ChecksumOffset != ChecksumOffset || tcp + TcpMinHeader > frame.Length) return false;
        int header = frame[tcp + DataOffset] >> 4 << 2;
        payload = tcp + header;
        return header >= TcpMinHeader && payload <= frame.Length;
    }

    private static void FixNetworkHeader(Span<byte> segment, int ip, FrameSegmentation kind, int number)
    {
        Span<byte> header = segment[ip..];
        if (kind == FrameSegmentation.Tcp6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(header.Length - Ipv6Header));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)header.Length);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(header[4..]) + number));
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Finish(InternetChecksum.Add(header[..((header[0] & 15) * 4)])));
    }

    private static void FixTcpHeader(Span<byte> segment, int ip, int tcp, FrameSegmentation kind, uint offset, bool first, bool last)
    {
        Span<byte> header = segment[tcp..];
        BinaryPrimitives.WriteUInt32BigEndian(header[SequenceOffset..], BinaryPrimitives.ReadUInt32BigEndian(header[SequenceOffset..]) + offset);
        if (!last) header[FlagsOffset] &= unchecked((byte)~(Fin | Push));
        if (!first) header[FlagsOffset] &= unchecked((byte)~CongestionWindowReduced);
        header.Slice(ChecksumOffset, 2).Clear();
        ReadOnlySpan<byte> addresses = kind == FrameSegmentation.Tcp4 ? segment.Slice(ip + 12, 8) : segment.Slice(ip + 8, 32);
        ulong sum = InternetChecksum.Add(header, InternetChecksum.Add(addresses) + ProtocolTcp + (ulong)header.Length);
        BinaryPrimitives.WriteUInt16BigEndian(header[ChecksumOffset..], InternetChecksum.Finish(sum));
    }
}
