// RFC 791: Internet Protocol; RFC 8200: Internet Protocol, Version 6.
using System.Buffers.Binary;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Wire;

/// <summary>A received packet of either version whose header has been checked.</summary>
internal readonly ref struct IpPacket
{
    public const int HeaderV4 = 20;
    public const int HeaderV6 = 40;
    private const byte HopByHop = 0;
    private const byte FragmentHeader = 44;
    private const byte DestinationOptions = 60;

    /// <summary>More extension headers than this are nobody's honest packet.</summary>
    private const int MaxExtensions = 8;

    public Address Source { get; private init; }

    public Address Destination { get; private init; }

    /// <summary>What <see cref="Payload"/> is.</summary>
    public byte Protocol { get; private init; }

    /// <summary>Time to live or hop limit.</summary>
    public byte Hops { get; private init; }

    /// <summary>What is behind all headers; of a fragment, its piece.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>The packet with its headers, without what was padded behind it.</summary>
    public ReadOnlySpan<byte> Whole { get; private init; }

    /// <summary>Whether this is only a piece of a packet.</summary>
    public bool IsFragment { get; private init; }

    public uint FragmentId { get; private init; }

    /// <summary>Where the piece begins in the packet's payload.</summary>
    public int FragmentOffset { get; private init; }

    public bool MoreFragments { get; private init; }

    /// <summary>Reads an IPv4 packet. Source routes and all other options are ignored.</summary>
    public static bool TryReadV4(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        packet = default;
        if (bytes.Length < HeaderV4 || bytes[0] >> 4 != 4) return false;
        int header = (bytes[0] & 15) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (header < HeaderV4 || total < header || total > bytes.Length) return false;
        if (InternetChecksum.Partial(InternetChecksum.Add(bytes[..header])) != 0xffff) return false;
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        packet = new IpPacket
        {
            Source = Address.ReadV4(bytes[12..]),
            Destination = Address.ReadV4(bytes[16..]),
            Protocol = bytes[9],
            Hops = bytes[8],
            Payload = bytes[header..total],
            Whole = bytes[..total],
            IsFragment = (fragment & 0x3fff) != 0,
            FragmentId = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]),
            FragmentOffset = (fragment & 0x1fff) * 8,
            MoreFragments = (fragment & 0x2000) != 0,
        };
        return true;
    }

    /// <summary>Reads an IPv6 packet. Hop-by-hop and destination options are skipped; routing headers are refused.</summary>
    public static bool TryReadV6(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        packet = default;
        if (bytes.Length < HeaderV6 || bytes[0] >> 4 != 6) return false;
        int total = HeaderV6 + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (total > bytes.Length) return false;
        ReadOnlySpan<byte> whole = bytes[..total];
        byte protocol = bytes[6];
        int at = HeaderV6;
        int fragmentAt = 0;
        for (int extensions = 0; protocol is HopByHop or DestinationOptions or FragmentHeader; extensions++)
        {
            if (total - at < 8 || extensions == MaxExtensions) return false;
            bool isFragment = protocol == FragmentHeader;
            if (isFragment && fragmentAt != 0) return false;
            if (isFragment) fragmentAt = at;
            int length = isFragment ? 8 : (whole[at + 1] + 1) * 8;
            if (length > total - at) return false;
            protocol = whole[at];
            at += length;

            // What is behind the header of a later piece is its middle.
            if (isFragment && (BinaryPrimitives.ReadUInt16BigEndian(whole[(fragmentAt + 2)..]) & 0xfff8) != 0) break;
        }

        int fragment = fragmentAt == 0 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(whole[(fragmentAt + 2)..]);
        packet = new IpPacket
        {
            Source = Address.ReadV6(bytes[8..]),
            Destination = Address.ReadV6(bytes[24..]),
            Protocol = protocol,
            Hops = bytes[7],
            Payload = whole[at..],
            Whole = whole,

            // An atomic fragment (RFC 6946) is a whole packet.
            IsFragment = (fragment & 0xfff9) != 0,
            FragmentId = fragmentAt == 0 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(whole[(fragmentAt + 4)..]),
            FragmentOffset = fragment & 0xfff8,
            MoreFragments = (fragment & 1) != 0,
        };

        // A mapped address on the wire would pass for the IPv4 address that it names.
        return !packet.Source.IsV4 && !packet.Destination.IsV4;
    }

    /// <summary>The packet that these pieces made.</summary>
    public IpPacket WithPayload(ReadOnlySpan<byte> payload) => this with
    {
        Payload = payload,
        IsFragment = false,
        FragmentOffset = 0,
        MoreFragments = false,
    };
}
