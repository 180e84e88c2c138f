using System.Buffers.Binary;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Fuzz.Net;

/// <summary>Good frames to begin with: what stations say to each other on an Ethernet.</summary>
internal static class FrameSeeds
{
    public static readonly MacAddress One = new(0x02_00_00_00_00_01), Two = new(0x02_00_00_00_00_02);

    public static IReadOnlyList<byte[]> All { get; } =
    [
        Frame(Two, EtherType.Ipv4, WireTargets.Udp("10.0.2.15", "10.0.2.16", new byte[40])),
        Frame(Two, EtherType.Ipv4, WireTargets.Packet("10.0.2.15", "10.0.2.16", IpProtocol.Tcp, [.. WireTargets.Tcp(), .. new byte[3000]])),
        Frame(Two, EtherType.Ipv6, WireTargets.Packet("fec0::15", "fec0::16", IpProtocol.Tcp, [.. WireTargets.Tcp(), .. new byte[3000]])),
        Frame(MacAddress.Broadcast, EtherType.Arp, WireTargets.Arp()),
        Frame(MacAddress.Broadcast, EtherType.Ipv4, WireTargets.Udp("0.0.0.0", "255.255.255.255", WireTargets.Dhcp(), 67)),
        // Neighbour solicitation and router advertisement.
        Frame(new MacAddress(0x33_33_00_00_00_01), EtherType.Ipv6, WireTargets.Packet("fe80::15", "ff02::1", IpProtocol.IcmpV6, [135, 0, 0, 0, .. new byte[20], 1, 1, 2, 0, 0, 0, 0, 1])),
        Frame(new MacAddress(0x33_33_00_00_00_01), EtherType.Ipv6, WireTargets.Packet("fe80::15", "ff02::1", IpProtocol.IcmpV6, [134, 0, 0, 0, .. new byte[12], 3, 4, 64, 0, .. new byte[28]])),
        // One tag, two tags, 802.2, and what no bridge forwards.
        Frame(Two, 0x8100, [0, 2, 8, 0, .. WireTargets.Udp("10.0.2.15", "10.0.2.16", new byte[40])]),
        Frame(Two, 0x8100, [0, 3, 0x81, 0, 0, 2, 8, 0, .. WireTargets.Udp("10.0.2.15", "10.0.2.16", new byte[40])]),
        Frame(Two, 100, [0xaa, 0xaa, 3, .. new byte[97]]),
        Frame(new MacAddress(0x01_80_c2_00_00_0e), 0x88cc, new byte[46]),
    ];

    /// <summary>What may have been left undone in a frame; not always something possible.</summary>
    public static FrameOffload Offload(Random random) => random.Next(2) == 0 ? default : new FrameOffload
    {
        NeedsChecksum = random.Next(8) > 0,
        ChecksumStart = (ushort)(random.Next(4) == 0 ? random.Next(200) : random.Next(2) == 0 ? 34 : 54),
        ChecksumOffset = (ushort)(random.Next(4) == 0 ? random.Next(100) : 16),
        Segmentation = (FrameSegmentation)random.Next(3),
        SegmentSize = (ushort)(random.Next(8) == 0 ? random.Next(65_536) : random.Next(500, 1461)),
        HeaderLength = (ushort)random.Next(random.Next(4) == 0 ? 65_536 : 100),
    };

    private static byte[] Frame(MacAddress to, ushort type, byte[] payload)
    {
        byte[] frame = new byte[FrameDelivery.HeaderLength + payload.Length];
        to.Write(frame);
        One.Write(frame.AsSpan(MacAddress.Length));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2 * MacAddress.Length), type);
        payload.CopyTo(frame, FrameDelivery.HeaderLength);
        return frame;
    }
}
