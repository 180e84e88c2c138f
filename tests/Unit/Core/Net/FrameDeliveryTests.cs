using System.Buffers.Binary;
using Doppel.Core.Backends;
using Doppel.Core.Net;
using Doppel.Tests.Unit.Devices.Virtio;

namespace Doppel.Tests.Unit.Core.Net;

public class FrameDeliveryTests
{
    [Fact]
    public void Checksum_of_the_rfc_example_is_right()
    {
        // RFC 1071, section 3.
        byte[] bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        Assert.Equal(0xddf2, InternetChecksum.Partial(InternetChecksum.Add(bytes)));
    }

    [Fact]
    public void Checksum_of_any_length_equals_the_plain_sum()
    {
        byte[] bytes = new byte[300];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++)
        {
            uint plain = 0;
            for (int i = 0; i < length; i++) plain += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
            while (plain > 0xffff) plain = (plain & 0xffff) + (plain >> 16);
            Assert.Equal(plain, InternetChecksum.Partial(InternetChecksum.Add(bytes.AsSpan(0, length))));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Large_frame_is_cut_for_who_takes_small_ones_only(bool ipv6)
    {
        var network = new FakeNetwork { Accepts = FrameOffloads.None };
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6, payload: 3001, segment: 1000);
        int headers = offload.HeaderLength;
        Assert.True(network.TryDeliver(frame, offload));
        byte[][] segments = [.. network.Frames.Select(f => f.Frame)];
        Assert.Equal([headers + 1000, headers + 1000, headers + 1000, headers + 1], segments.Select(s => s.Length));
        Assert.All(segments, s => Assert.True(TestFrames.SumsAreRight(s)));
        Assert.Equal(frame[headers..], segments.SelectMany(s => s[headers..]));
        Assert.Equal([0xffff_ff00, 0x2e8, 0x6d0, 0xab8], segments.Select(s => BinaryPrimitives.ReadUInt32BigEndian(s.AsSpan(headers - 16))));
        // FIN and PSH belong to the last one.
        Assert.Equal([0x10, 0x10, 0x10, 0x19], segments.Select(s => (int)s[headers - 7]));
        if (!ipv6) Assert.Equal([0xfffe, 0xffff, 0, 1], segments.Select(s => (int)BinaryPrimitives.ReadUInt16BigEndian(s.AsSpan(18))));
    }

    [Fact]
    public void Checksum_alone_is_completed()
    {
        var network = new FakeNetwork { Accepts = FrameOffloads.None };
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 99, segment: 0);
        Assert.False(TestFrames.SumsAreRight(frame));
        Assert.True(network.TryDeliver(frame, offload));
        Assert.True(TestFrames.SumsAreRight(network.Frames.Single().Frame));
        Assert.Equal(new FrameOffload { ChecksumValid = true }, network.Frames.Single().Offload);
    }

    [Fact]
    public void Frame_that_is_accepted_as_it_is_passes_unchanged()
    {
        var network = new FakeNetwork();
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: true, payload: 40_000, segment: 1400);
        Assert.True(network.TryDeliver(frame, offload));
        Assert.Equal(frame, network.Frames.Single().Frame);
        Assert.Equal(offload, network.Frames.Single().Offload);
    }

    [Fact]
    public void Full_port_is_handed_nothing()
    {
        var network = new FakeNetwork { Accepts = FrameOffloads.None, Full = true };
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 3000, segment: 1000);
        Assert.False(network.TryDeliver(frame, offload));
    }

    [Fact]
    public void Frames_that_lie_are_dropped_without_harm()
    {
        var random = new Random(5);
        var network = new FakeNetwork { Accepts = FrameOffloads.None };
        for (int i = 0; i < 20_000; i++)
        {
            (byte[] frame, FrameOffload offload) = TestFrames.Tcp(random.Next(2) == 0, random.Next(300), random.Next(40, 200));
            for (int j = random.Next(6); j > 0; j--) frame[random.Next(Math.Min(frame.Length, 80))] = (byte)random.Next(256);
            if (random.Next(3) == 0) frame = frame[..random.Next(frame.Length)];
            if (random.Next(3) == 0) offload = offload with { ChecksumStart = (ushort)random.Next(400), ChecksumOffset = (ushort)random.Next(40) };
            if (random.Next(3) == 0) offload = offload with { Segmentation = (FrameSegmentation)random.Next(3), SegmentSize = (ushort)random.Next(3000), NeedsChecksum = random.Next(4) != 0 };
            if (FrameDelivery.IsPossible(frame.Length, offload)) Assert.True(network.TryDeliver(frame, offload));
            Assert.All(network.Frames, f => Assert.InRange(f.Frame.Length, FrameDelivery.HeaderLength, frame.Length));
            network.Frames.Clear();
        }
    }

    [Theory]
    [InlineData("02:00:5e:00:00:01", true)]
    [InlineData("02-00-5E-00-00-01", true)]
    [InlineData("02:00:5e:00:00", false)]
    [InlineData("2:0:5e:0:0:1", false)]
    [InlineData("02:00:5e:00:00:0g", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void MacAddress_is_parsed_or_refused(string? text, bool right)
    {
        Assert.Equal(right, MacAddress.TryParse(text, out MacAddress address));
        if (right) Assert.Equal("02:00:5e:00:00:01", address.ToString());
    }

    [Fact]
    public void MacAddress_random_is_a_local_station()
    {
        MacAddress[] all = [.. Enumerable.Range(0, 100).Select(_ => MacAddress.Random())];
        Assert.All(all, a => Assert.True(a.IsStation && a.IsLocal));
        Assert.Equal(100, all.Distinct().Count());
    }
}
