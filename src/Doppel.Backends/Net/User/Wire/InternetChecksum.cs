// RFC 1071: the checksum of IP, ICMP, UDP and TCP; RFC 8200, section 8.1: the pseudo header over IPv6.
using System.Buffers.Binary;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>Sums in ones' complement. A sum is carried as a ulong and folded at the end.</summary>
internal static class InternetChecksum
{
    /// <summary>Adds the 16-bit words of <paramref name="data"/>; an odd byte at the end counts as the upper half of a word.</summary>
    public static ulong Add(ulong sum, ReadOnlySpan<byte> data)
    {
        // Words of 32 bits may be added as well, as 2^16 is 1 in this arithmetic; 64-bit sums of them cannot overflow here.
        while (data.Length >= 16)
        {
            ulong first = BinaryPrimitives.ReadUInt64BigEndian(data);
            ulong second = BinaryPrimitives.ReadUInt64BigEndian(data[8..]);
            sum += (first >> 32) + (uint)first + (second >> 32) + (uint)second;
            data = data[16..];
        }

        while (data.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(data);
            data = data[2..];
        }

        return data.Length == 0 ? sum : sum + ((ulong)data[0] << 8);
    }

    /// <summary>The sum of the pseudo header of TCP, UDP and ICMPv6.</summary>
    public static ulong PseudoHeader(in Address source, in Address destination, byte protocol, int length)
    {
        ulong sum = (ulong)length + protocol;
        return source.IsV4 ? sum + source.V4 + destination.V4 : sum + Words(source.Value) + Words(destination.Value);
    }

    public static ushort Fold(ulong sum)
    {
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)sum;
    }

    /// <summary>What is put into the header's field.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    private static ulong Words(UInt128 value) => (uint)(value >> 96) + (ulong)(uint)(value >> 64) + (uint)(value >> 32) + (uint)value;
}
