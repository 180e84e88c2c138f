using System.Buffers.Binary;
using System.Globalization;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>An Ethernet address, in the lower 48 bits.</summary>
internal readonly record struct Mac(ulong Value)
{
    public static Mac Broadcast => new(0xffff_ffff_ffff);

    /// <summary>Whether it names many receivers.</summary>
    public bool IsGroup => (Value & 0x0100_0000_0000) != 0;

    public static Mac Read(ReadOnlySpan<byte> bytes) => new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>Where IPv6 multicasts go (RFC 2464, section 7).</summary>
    public static Mac Multicast(in Address group) => new(0x3333_0000_0000UL | (uint)group.Value);

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)Value);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}");
}
