// RFC 826 "Address Resolution Protocol"; RFC 4861 "Neighbor Discovery for IPv6", section 4; RFC 6105 and RFC 7113 on router advertisements; RFC 6980 on fragments.
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Switch;

/// <summary>Tells whether a frame claims an address that its sender does not have. What cannot be understood but could deceive others is taken for such a claim.</summary>
internal sealed class AddressGuard
{
    private const ushort TypeIpv4 = 0x0800, TypeArp = 0x0806, TypeRarp = 0x8035, TypeIpv6 = 0x86dd, FirstType = 0x0600;
    private const int ArpLength = 28, Ipv4Header = 20, Ipv6Header = 40, MaxExtensions = 8;
    private const byte HopByHop = 0, Routing = 43, Fragment = 44, Icmpv6 = 58, DestinationOptions = 60;
    private const byte RouterSolicitation = 133, RouterAdvertisement = 134, NeighborSolicitation = 135, NeighborAdvertisement = 136, Redirect = 137;
    private readonly MacAddress _mac;
    private readonly byte[][] _ipv4;
    private readonly byte[][] _ipv6;

    /// <param name="addresses">The sender's IP addresses; those of a family that is not among them are not looked at.</param>
    public AddressGuard(MacAddress mac, IReadOnlyList<IPAddress> addresses)
    {
        _mac = mac;
        _ipv4 = [.. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork).Select(a => a.GetAddressBytes())];
        _ipv6 = [.. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6).Select(a => a.GetAddressBytes())];
    }

    /// <param name="network">Where the EtherType ends and the packet begins, behind all tags.</param>
    public bool Passes(ReadOnlySpan<byte> frame, int network, in FrameOffload offload)
    {
        if (MacAddress.Read(frame[MacAddress.Length..]) != _mac) return false;
        if (offload.NeedsChecksum && !IsOutOfTheWay(frame, network, offload.ChecksumStart + offload.ChecksumOffset)) return false;
        ReadOnlySpan<byte> packet = frame[network..];
        return BinaryPrimitives.ReadUInt16BigEndian(frame[(network - 2)..]) switch
        {
            TypeArp => PassesArp(packet),
            TypeIpv4 => packet.Length < Ipv4Header || IsOwn(_ipv4, packet.Slice(12, 4)),
            TypeIpv6 => PassesIpv6(packet),
            // Reverse ARP, and the older encapsulation (IEEE 802.2) in which ARP could hide.
            TypeRarp or < FirstType => false,
            _ => true,
        };
    }

    /// <summary>Whether a checksum that is still to be written would leave alone what is looked at here: it is behind the IP header, and no part of extensions or of discovery.</summary>
    private static bool IsOutOfTheWay(ReadOnlySpan<byte> frame, int network, int checksum)
    {
        ReadOnlySpan<byte> packet = frame[network..];
        return BinaryPrimitives.ReadUInt16BigEndian(frame[(network - 2)..]) switch
        {
            TypeIpv4 => checksum >= network + Ipv4Header,
            TypeIpv6 => packet.Length >= Ipv6Header && packet[6] is not (HopByHop or Routing or DestinationOptions or Fragment or Icmpv6) && checksum >= network + Ipv6Header,
            _ => false,
        };
    }

    private bool PassesArp(ReadOnlySpan<byte> arp)
    {
        if (arp.Length < ArpLength || BinaryPrimitives.ReadUInt16BigEndian(arp) != 1 || BinaryPrimitives.ReadUInt16BigEndian(arp[2..]) != TypeIpv4 || arp[4] != MacAddress.Length || arp[5] != 4) return false;
        return MacAddress.Read(arp[8..]) == _mac && IsOwn(_ipv4, arp.Slice(14, 4));
    }

    private bool PassesIpv6(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Ipv6Header) return true;
        if (!IsOwnOrLocal(packet.Slice(8, 16))) return false;
        byte next = packet[6];
        int at = Ipv6Header;
        bool fragmented = false;
        for (int i = 0; i < MaxExtensions; i++)
        {
            switch (next)
            {
                case HopByHop or Routing or DestinationOptions:
                    if (at + 2 > packet.Length) return false;
                    (next, at) = (packet[at], at + (packet[at + 1] + 1) * 8);
                    break;
                case Fragment:
                    if (at + 8 > packet.Length) return false;
                    // Of a packet whose first fragment is not let through the others do no harm.
                    if ((BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]) & ~7) != 0) return true;
                    fragmented = true;
                    (next, at) = (packet[at], at + 8);
                    break;
                case Icmpv6:
                    return at < packet.Length && PassesDiscovery(packet[at..], fragmented);
                default:
                    return true;
            }
        }

        return false;
    }

    private bool PassesDiscovery(ReadOnlySpan<byte> message, bool fragmented)
    {
        int options = message[0] switch
        {
            RouterSolicitation => 8,
            NeighborSolicitation or NeighborAdvertisement => 24,
            RouterAdvertisement or Redirect => -1,
            _ => 0,
        };
        if (options == 0) return true;
        // A machine is no router, and discovery is never fragmented.
        if (options < 0 || fragmented || message.Length < options) return false;
        if (message[0] == NeighborAdvertisement && !IsOwnOrLocal(message.Slice(8, 16))) return false;
        for (ReadOnlySpan<byte> rest = message[options..]; !rest.IsEmpty; rest = rest[(rest[1] * 8)..])
        {
            if (rest.Length < 8 || rest[1] == 0 || rest[1] * 8 > rest.Length) return false;
            // The source's or the target's link-layer address.
            if (rest[0] is 1 or 2 && MacAddress.Read(rest[2..]) != _mac) return false;
        }

        return true;
    }

    private bool IsOwnOrLocal(ReadOnlySpan<byte> address) => address[0] == 0xfe && (address[1] & 0xc0) == 0x80 || IsOwn(_ipv6, address);

    /// <summary>The unspecified address claims nothing: who has none yet asks with it.</summary>
    private static bool IsOwn(byte[][] own, ReadOnlySpan<byte> address)
    {
        if (own.Length == 0 || !address.ContainsAnyExcept((byte)0)) return true;
        foreach (byte[] one in own)
        {
            if (address.SequenceEqual(one)) return true;
        }

        return false;
    }
}
