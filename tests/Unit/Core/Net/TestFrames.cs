using System.Buffers.Binary;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Tests.Unit.Core.Net;

/// <summary>Frames for tests.</summary>
internal static class TestFrames
{
    public static readonly MacAddress A = new(0x02_00_00_00_00_0a);
    public static readonly MacAddress B = new(0x02_00_00_00_00_0b);

    /// <summary>An Ethernet frame with some bytes of payload.</summary>
    public static byte[] Ethernet(MacAddress to, MacAddress from, ushort type = 0x88b5, int payload = 46, ushort? vlan = null)
    {
        int header = vlan is null ? 14 : 18;
        byte[] frame = new byte[header + payload];
        to.Write(frame);
        from.Write(frame.AsSpan(6));
        if (vlan is { } tag)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x8100);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(14), tag);
        }

        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(header - 2), type);
        for (int i = 0; i < payload; i++) frame[header + i] = (byte)(i * 7 + 1);
        return frame;
    }

    /// <summary>A TCP frame whose sums are left to others.</summary>
    public static (byte[] Frame, FrameOffload Offload) Tcp(bool ipv6, int payload, int segment, byte flags = 0x19)
    {
        int tcp = 14 + (ipv6 ? 40 : 20);
        byte[] frame = Ethernet(B, A, (ushort)(ipv6 ? 0x86dd : 0x0800), tcp - 14 + 20 + payload);
        Span<byte> ip = frame.AsSpan(14), header = frame.AsSpan(tcp);
        ip[..(tcp - 14 + 20)].Clear();
        if (ipv6)
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(20 + payload));
            ip[6] = 6;
            ip[23] = 1;
            ip[39] = 2;
        }
        else
        {
            ip[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(40 + payload));
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], 0xfffe);
            ip[8] = 64;
            ip[9] = 6;
            BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0x0a000001);
            BinaryPrimitives.WriteUInt32BigEndian(ip[16..], 0x0a000002);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(ip[..20])));
        }

        BinaryPrimitives.WriteUInt32BigEndian(header[4..], 0xffff_ff00);
        header[12] = 0x50;
        header[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[16..], InternetChecksum.Partial(PseudoHeader(frame, tcp)));
        var offload = new FrameOffload { NeedsChecksum = true, ChecksumStart = (ushort)tcp, ChecksumOffset = 16 };
        if (segment > 0)
            offload = offload with { Segmentation = ipv6 ? FrameSegmentation.Tcp6 : FrameSegmentation.Tcp4, SegmentSize = (ushort)segment, HeaderLength = (ushort)(tcp + 20) };
        return (frame, offload);
    }

    /// <summary>A UDP frame over IPv4 as far as its protocol goes; its sums are wrong.</summary>
    public static byte[] Udp(int payload)
    {
        byte[] frame = Ethernet(A, B, 0x0800, 28 + payload);
        frame[14] = 0x45;
        frame[23] = 17;
        return frame;
    }

    /// <summary>Whether a TCP frame's sums are right.</summary>
    public static bool SumsAreRight(byte[] frame)
    {
        bool ipv6 = frame[12] == 0x86;
        int tcp = 14 + (ipv6 ? 40 : 20);
        return (ipv6 || InternetChecksum.Finish(InternetChecksum.Add(frame.AsSpan(14, 20))) == 0)
            && InternetChecksum.Finish(InternetChecksum.Add(frame.AsSpan(tcp), PseudoHeader(frame, tcp))) == 0;
    }

    private static ulong PseudoHeader(byte[] frame, int tcp) =>
        InternetChecksum.Add(tcp == 54 ? frame.AsSpan(22, 32) : frame.AsSpan(26, 8)) + 6 + (ulong)(frame.Length - tcp);
}
