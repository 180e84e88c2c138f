// RFC 1071 "Computing the Internet Checksum".
using System.Buffers.Binary;

namespace Doppel.Core.Net;

/// <summary>The checksum of IPv4, TCP, UDP and ICMP: the ones' complement sum of 16-bit words. Sums of parts can be added, if all but the last have an even length.</summary>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a sum; an odd last one counts as the high half of a word.</summary>
    /// <param name="sum">The sum so far; 0 to begin with.</param>
    public static ulong Add(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        // Halves of wide words are added without looking at carries, and folded in the end: the sum modulo 0xffff does not depend on the width of the words,
        // nor, but for the order of the two octets of the result, on that of the octets (RFC 1071, section 2).
        ulong low = 0, high = 0;
        int at = 0;
        for (; at + 16 <= bytes.Length; at += 16)
        {
            ulong first = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            ulong second = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 8)..]);
            low += (uint)first + (second & 0xffff_ffff);
            high += (first >> 32) + (second >> 32);
        }

        for (; at + 2 <= bytes.Length; at += 2) low += BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        if (at < bytes.Length) low += bytes[at];
        return sum + BinaryPrimitives.ReverseEndianness(Fold16(Fold32(low) + Fold32(high)));
    }

    /// <summary>The value for a checksum field over what has been summed.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold16(Fold32(sum));

    /// <summary>The sum itself, as a field holds it whose checksum somebody else completes.</summary>
    public static ushort Partial(ulong sum) => Fold16(Fold32(sum));

    private static ulong Fold32(ulong sum) => (sum & 0xffff_ffff) + (sum >> 32);

    private static ushort Fold16(ulong sum)
    {
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)sum;
    }
}
