using System.Buffers.Binary;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>Writes the headers of Ethernet and IP before a payload that is in its place already.</summary>
internal static class IpWriter
{
    public const int Ethernet = 14;
    private const byte Hops = 64;

    /// <summary>Bytes of both headers.</summary>
    public static int HeaderLength(bool v4) => Ethernet + (v4 ? IpPacket.HeaderV4 : IpPacket.HeaderV6);

    public static void WriteEthernet(Span<byte> frame, MacAddress to, MacAddress from, ushort type)
    {
        to.Write(frame);
        from.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], type);
    }

    /// <param name="payloadLength">Bytes behind the header; at most 65,515 over IPv4, 65,535 over IPv6.</param>
    /// <param name="fragment">IPv4: the field of flags and offset.</param>
    public static void WriteIp(Span<byte> packet, in Address from, in Address to, byte protocol, int payloadLength, ushort id = 0, ushort fragment = 0x4000, byte hops = Hops)
    {
        if (from.IsV4)
        {
            packet[0] = 0x45;
            packet[1] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(IpPacket.HeaderV4 + payloadLength));
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], id);
            BinaryPrimitives.WriteUInt16BigEndian(packet[6..], fragment);
            packet[8] = hops;
            packet[9] = protocol;
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
            from.Write(packet[12..]);
            to.Write(packet[16..]);
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Finish(InternetChecksum.Add(packet[..IpPacket.HeaderV4])));
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6000_0000);
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)payloadLength);
            packet[6] = protocol;
            packet[7] = hops;
            from.Write(packet[8..]);
            to.Write(packet[24..]);
        }
    }
}
