using System.Buffers.Binary;
using System.Net;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>An IPv6 address, or an IPv4 address in the form ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2): one type for the keys of all tables.</summary>
/// <remarks>Of two words, as methods with a <see cref="UInt128"/> are not compiled ahead (decision 0007).</remarks>
/// <param name="High">The first eight bytes.</param>
/// <param name="Low">The last eight.</param>
internal readonly record struct Address(ulong High, ulong Low)
{
    private const ulong MappedPrefix = 0xffff_0000_0000;

    public bool IsV4 => High == 0 && Low >> 32 == MappedPrefix >> 32;

    public uint V4 => (uint)Low;

    public bool IsMulticast => IsV4 ? V4 >> 28 == 0xe : High >> 56 == 0xff;

    public bool IsUnspecified => IsV4 ? V4 == 0 : (High | Low) == 0;

    /// <summary>fe80::/10.</summary>
    public bool IsLinkLocalV6 => High >> 54 == 0xfe80 >> 6;

    public AddressFamilyLength Family => IsV4 ? AddressFamilyLength.V4 : AddressFamilyLength.V6;

    public static Address FromV4(uint address) => new(0, MappedPrefix | address);

    public static Address ReadV4(ReadOnlySpan<byte> bytes) => FromV4(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    public static Address ReadV6(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public static Address From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? ReadV4(bytes) : ReadV6(bytes);
    }

    /// <summary>Writes 4 or 16 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        if (IsV4) BinaryPrimitives.WriteUInt32BigEndian(bytes, V4);
        else WriteWhole(bytes);
    }

    /// <summary>Writes 16 bytes, of an IPv4 address, too.</summary>
    public void WriteWhole(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new IPAddress(bytes[..(int)Family]);
    }

    /// <summary>The group at which an IPv6 address is asked for (RFC 4291, section 2.7.1).</summary>
    public Address SolicitedNode() => new(0xff02_0000_0000_0000, 0x0001_ff00_0000 | (Low & 0xff_ffff));

    /// <summary>Where frames for a group go (RFC 2464, section 7).</summary>
    public static MacAddress GroupMac(in Address group) => new(0x3333_0000_0000UL | (uint)group.Low);

    public override string ToString() => ToIPAddress().ToString();
}

/// <summary>The bytes of an address on the wire.</summary>
internal enum AddressFamilyLength
{
    V4 = 4,
    V6 = 16,
}
