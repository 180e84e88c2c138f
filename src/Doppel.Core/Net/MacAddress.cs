// IEEE Std 802-2014, section 8.2 "Universal addresses".
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Doppel.Core.Net;

/// <summary>The address of a network adapter: 48 bits, the octet that is sent first in the highest ones.</summary>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Octets of an address.</summary>
    public const int Length = 6;

    private const ulong GroupBit = 1UL << 40;
    private const ulong LocalBit = 2UL << 40;

    /// <summary>Everybody's: ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast => new(0xffff_ffff_ffff);

    /// <summary>Of a group of adapters, the broadcast address among them; never the sender of a frame.</summary>
    public bool IsMulticast => (Value & GroupBit) != 0;

    /// <summary>Given by whoever runs the network, not by the adapter's maker.</summary>
    public bool IsLocal => (Value & LocalBit) != 0;

    /// <summary>Whether one adapter can have it.</summary>
    public bool IsStation => Value != 0 && !IsMulticast;

    /// <summary>An address of its own for a new adapter: random, locally administered.</summary>
    public static MacAddress Random()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes[2..]);
        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes) & ~GroupBit | LocalBit);
    }

    /// <summary>Reads the address at the beginning of <paramref name="bytes"/>.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes) => new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>Writes the address to the beginning of <paramref name="bytes"/>.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)Value);
    }

    /// <summary>Six pairs of hexadecimal digits with colons or hyphens between them.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        string[] parts = text?.Split(text.Contains('-') ? '-' : ':') ?? [];
        if (parts.Length != Length) return false;
        ulong value = 0;
        foreach (string part in parts)
        {
            if (part.Length != 2 || !byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet)) return false;
            value = value << 8 | octet;
        }

        address = new(value);
        return true;
    }

    public override string ToString() =>
        $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}";
}
