// RFC 4861: Neighbor Discovery for IPv6; RFC 4862: address autoconfiguration; RFC 8106: DNS in router advertisements.
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>
/// The router of the guests' IPv6 link: says where it and the DNS proxy are, which prefix addresses are made from, and, if the host has a way to the IPv6 Internet, that it
/// is the way there. Learns where guests are.
/// </summary>
internal sealed class NeighbourDiscovery(UserNetworkConfig config, GuestLink link, NeighbourTable neighbours) : Timed
{
    public const byte RouterSolicitation = 133;
    public const byte RouterAdvertisement = 134;
    public const byte NeighbourSolicitation = 135;
    public const byte NeighbourAdvertisement = 136;

    /// <summary>Between advertisements that nobody asked for.</summary>
    public const long Interval = 300_000;

    private const ushort Lifetime = 1800;
    private const uint PreferredTime = 14_400;
    private const uint ValidTime = 86_400;

    private static Address AllNodes => new(0xff02_0000_0000_0000, 1);

    /// <summary>Set after the timed advertisement; the owner sets the next.</summary>
    public Action<Timed, long> Again { private get; set; } = (_, _) => { };

    /// <returns>Whether it made sense.</returns>
    public bool Take(in IpPacket packet, MacAddress from, long now)
    {
        ReadOnlySpan<byte> message = packet.Payload;

        // A hop limit of 255 says that it comes from this link (section 6.1).
        if (packet.Hops != 255 || message[1] != 0) return false;
        switch (message[0])
        {
            case RouterSolicitation:
                Advertise(from, packet.Source.IsUnspecified ? AllNodes : packet.Source);
                return true;
            case NeighbourSolicitation when message.Length >= 24:
                Solicited(packet, from, now);
                return true;
            case NeighbourAdvertisement when message.Length >= 24:
                Address target = Address.ReadV6(message[8..]);
                if (config.IsGuest(target)) neighbours.Learn(target, from, now);
                return true;
            default:
                return false;
        }
    }

    public override void OnDue(long now)
    {
        Advertise(Address.GroupMac(AllNodes), AllNodes);
        Again(this, now + Interval);
    }

    /// <summary>Asks where an address is.</summary>
    public void Ask(in Address wanted)
    {
        if (config.GatewayV6 is null) return;
        Address group = wanted.SolicitedNode();
        Span<byte> message = link.Payload(false)[..32];
        message.Clear();
        message[0] = NeighbourSolicitation;
        wanted.Write(message[8..]);
        WriteLinkAddress(message[24..], 1);
        link.SendIcmp(Address.GroupMac(group), UserNetworkConfig.RouterV6, group, message.Length, 255);
    }

    private void Solicited(in IpPacket packet, MacAddress from, long now)
    {
        Address target = Address.ReadV6(packet.Payload[8..]);
        if (!packet.Source.IsUnspecified && config.IsGuest(packet.Source)) neighbours.Learn(packet.Source, from, now);
        if (!config.IsOwn(target)) return;
        Address to = packet.Source.IsUnspecified ? AllNodes : packet.Source;
        Span<byte> message = link.Payload(false)[..32];
        message.Clear();
        message[0] = NeighbourAdvertisement;

        // Router, solicited unless the asker has no address yet, override.
        message[4] = (byte)(packet.Source.IsUnspecified ? 0xa0 : 0xe0);
        target.Write(message[8..]);
        WriteLinkAddress(message[24..], 2);
        link.SendIcmp(packet.Source.IsUnspecified ? Address.GroupMac(AllNodes) : from, target, to, message.Length, 255);
    }

    private void Advertise(MacAddress to, in Address destination)
    {
        if (config.PrefixV6 is not { } prefix || config.DnsV6 is not { } dns) return;
        byte[] domain = Encoding.ASCII.GetBytes(config.Domain);
        int domainLength = (8 + 1 + domain.Length + 1 + 7) / 8 * 8;
        Span<byte> message = link.Payload(false)[..(16 + 8 + 8 + 32 + 24 + domainLength)];
        message.Clear();
        message[0] = RouterAdvertisement;
        message[4] = 64;
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], HostHasRoute() ? Lifetime : (ushort)0);
        Span<byte> option = message[16..];
        WriteLinkAddress(option, 1);
        option = option[8..];
        (option[0], option[1]) = (5, 1);
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], GuestLink.Mtu);
        option = option[8..];
        (option[0], option[1], option[2], option[3]) = (3, 4, 64, 0xc0);
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], ValidTime);
        BinaryPrimitives.WriteUInt32BigEndian(option[8..], PreferredTime);
        prefix.Write(option[16..]);
        option = option[32..];
        (option[0], option[1]) = (25, 3);
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], Lifetime);
        dns.Write(option[8..]);
        option = option[24..];
        (option[0], option[1]) = (31, (byte)(domainLength / 8));
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], Lifetime);
        option[8] = (byte)domain.Length;
        domain.CopyTo(option[9..]);
        link.SendIcmp(to, UserNetworkConfig.RouterV6, destination, message.Length, 255);
    }

    /// <summary>Whether the host knows a way to the IPv6 Internet: a guest that is told so although there is none waits for nothing.</summary>
    private static bool HostHasRoute()
    {
        try
        {
            // No packet is sent: connecting a datagram socket only looks for the way.
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(IPAddress.Parse("2000::1"), 53);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void WriteLinkAddress(Span<byte> option, byte type)
    {
        (option[0], option[1]) = (type, 1);
        link.Own.Write(option[2..]);
    }
}
