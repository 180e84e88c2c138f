using System.Buffers.Binary;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Tests.Unit.Backends.Net.User;

/// <summary>Looks at frames as a strict receiver does.</summary>
internal static class FrameCheck
{
    public static void Check(byte[] frame, in FrameOffload offload, FrameOffloads accepts)
    {
        if (!FakeGuest.TryRead(frame, out IpPacket packet) || packet.IsFragment) return;
        bool v4 = packet.Source.IsV4;
        int headers = IpWriter.HeaderLength(v4);
        Assert.Equal(frame.Length, headers + packet.Payload.Length);
        if (offload.NeedsChecksum)
        {
            Assert.True(accepts.HasFlag(FrameOffloads.Checksum));
            Assert.Equal(headers, offload.ChecksumStart);
            ushort pseudo = InternetChecksum.Partial(PseudoHeader.Sum(packet.Source, packet.Destination, packet.Protocol, packet.Payload.Length));
            Assert.Equal(pseudo, BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(offload.ChecksumStart + offload.ChecksumOffset)));
        }
        else if (packet.Protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.IcmpV6)
        {
            ulong sum = PseudoHeader.Sum(packet.Source, packet.Destination, packet.Protocol, packet.Payload.Length);
            Assert.Equal(0xffff, InternetChecksum.Partial(InternetChecksum.Add(packet.Payload, sum)));
        }

        if (offload.Segmentation == FrameSegmentation.None)
        {
            Assert.True(frame.Length <= 1514, "A frame is longer than the MTU allows.");
            return;
        }

        Assert.True(accepts.HasFlag(v4 ? FrameOffloads.Tcp4Segmentation : FrameOffloads.Tcp6Segmentation));
        Assert.Equal(v4 ? FrameSegmentation.Tcp4 : FrameSegmentation.Tcp6, offload.Segmentation);
        Assert.Equal(headers + 20, offload.HeaderLength);
        Assert.InRange(offload.SegmentSize, 1, 1460);
    }
}
