// RFC 826: Address Resolution Protocol, for IPv4 on Ethernet.
using System.Buffers.Binary;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>Answers for the gateway and the DNS proxy, learns where guests are, and asks for them.</summary>
internal sealed class Arp(UserNetworkConfig config, GuestLink link, NeighbourTable neighbours)
{
    private const int Length = 28;
    private const ushort Request = 1;
    private const ushort Reply = 2;

    /// <returns>Whether it made sense.</returns>
    public bool Take(ReadOnlySpan<byte> packet, long now)
    {
        if (packet.Length < Length || BinaryPrimitives.ReadUInt64BigEndian(packet) >> 16 != 0x0001_0800_0604) return false;
        ushort operation = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        MacAddress sender = MacAddress.Read(packet[8..]);
        Address senderAddress = Address.ReadV4(packet[14..]);
        Address wanted = Address.ReadV4(packet[24..]);
        if (config.IsGuest(senderAddress)) neighbours.Learn(senderAddress, sender, now);
        if (operation == Request && config.IsOwn(wanted)) Send(Reply, sender, wanted, sender, senderAddress);
        return operation is Request or Reply;
    }

    public void Ask(in Address wanted) => Send(Request, MacAddress.Broadcast, config.GatewayV4, default, wanted);

    private void Send(ushort operation, MacAddress to, in Address own, MacAddress target, in Address targetAddress)
    {
        Span<byte> frame = stackalloc byte[IpWriter.Ethernet + Length];
        IpWriter.WriteEthernet(frame, to, link.Own, EtherType.Arp);
        Span<byte> packet = frame[IpWriter.Ethernet..];
        BinaryPrimitives.WriteUInt64BigEndian(packet, 0x0001_0800_0604_0000UL | operation);
        link.Own.Write(packet[8..]);
        own.Write(packet[14..]);
        target.Write(packet[18..]);
        targetAddress.Write(packet[24..]);
        link.Send(frame);
    }
}
