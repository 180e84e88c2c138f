using System.Buffers.Binary;
using System.Net;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Net;
using Doppel.Tests.Unit.Core.Net;

namespace Doppel.Tests.Unit.Backends.Net;

public class VirtualSwitchTests
{
    private static readonly MacAddress A = TestFrames.A, B = TestFrames.B, C = new(0x02_00_00_00_00_0c);

    [Fact]
    public void Unknown_address_is_flooded_and_a_known_one_is_not()
    {
        var network = new Network(new SwitchPortOptions(), new(), new());
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 1, 1], network.Counts());
        network.Send(1, TestFrames.Ethernet(A, B));
        Assert.Equal([1, 0, 0], network.Counts());
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 1, 0], network.Counts());
        network.Send(0, TestFrames.Ethernet(MacAddress.Broadcast, A));
        Assert.Equal([0, 1, 1], network.Counts());
        // An adapter that has moved is found where it is.
        network.Send(2, TestFrames.Ethernet(A, B));
        network.Counts();
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 0, 1], network.Counts());
        // Frames to somebody behind the same port are not sent back.
        network.Send(2, TestFrames.Ethernet(B, C));
        Assert.Equal([0, 0, 0], network.Counts());
    }

    [Fact]
    public void Address_is_forgotten_with_its_port_and_with_time()
    {
        var time = new SteppedTime();
        var network = new Network(new SwitchOptions(), time, new(), new(), new());
        network.Send(1, TestFrames.Ethernet(A, B));
        network.Counts();
        time.Step(TimeSpan.FromMinutes(4));
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 1, 0], network.Counts());
        time.Step(TimeSpan.FromMinutes(2));
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 1, 1], network.Counts());
        network.Send(1, TestFrames.Ethernet(A, B));
        network.Counts();
        network.Ports[1].Dispose();
        network.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal([0, 0, 1], network.Counts());
    }

    [Fact]
    public void Addresses_are_bounded_per_port_and_in_all()
    {
        var time = new SteppedTime();
        var network = new Network(new SwitchOptions { MaxAddresses = 20, MaxAddressesPerPort = 16 }, time, new(), new());
        for (int i = 0; i < 1000; i++) network.Send(0, TestFrames.Ethernet(B, new MacAddress(0x02_00_00_01_00_00 + (ulong)i)));
        Assert.Equal(16, network.Switch.AddressesOf(network.Ports[0]).Count);
        for (int i = 0; i < 1000; i++) network.Send(1, TestFrames.Ethernet(A, new MacAddress(0x02_00_00_02_00_00 + (ulong)i)));
        Assert.Equal(4, network.Switch.AddressesOf(network.Ports[1]).Count);
        time.Step(TimeSpan.FromMinutes(6));
        network.Send(1, TestFrames.Ethernet(A, C));
        Assert.Equal([C], network.Switch.AddressesOf(network.Ports[1]));
    }

    [Fact]
    public void Hundred_thousand_crafted_frames_reach_nobody_in_another_segment()
    {
        // 0 attacks; 1 is in another segment; 2 in the attacker's, isolated like it; 3 hears the attacker; 4 is a trunk that carries the other segment only.
        var network = new Network(
            new SwitchPortOptions { Vlan = 10, Isolated = true }, new SwitchPortOptions { Vlan = 20 }, new SwitchPortOptions { Vlan = 10, Isolated = true }, new SwitchPortOptions { Vlan = 10 },
            new SwitchPortOptions { Vlan = 0, Trunk = new HashSet<ushort> { 20, 30 } });
        var random = new Random(10);
        MacAddress[] addresses = [A, B, C, MacAddress.Broadcast, new(0x01_00_5e_00_00_01), new(0x33_33_00_00_00_01), new(0x01_80_c2_00_00_00), default];
        // The victims are known, so that frames to them are not flooded only.
        network.Send(1, TestFrames.Ethernet(A, B));
        network.Send(2, TestFrames.Ethernet(A, C));
        network.Counts();
        for (int i = 0; i < 100_000; i++)
        {
            byte[] frame = TestFrames.Ethernet(addresses[random.Next(addresses.Length)], addresses[random.Next(addresses.Length)], (ushort)(random.Next(3) == 0 ? 0x0806 : random.Next(0x10000)), random.Next(1600), random.Next(3) == 0 ? (ushort)random.Next(0x10000) : null);
            if (random.Next(4) == 0)
            {
                byte[] tagged = [.. frame[..12], (byte)(random.Next(2) == 0 ? 0x81 : 0x88), (byte)(random.Next(2) == 0 ? 0x00 : 0xa8), 0, (byte)(random.Next(2) == 0 ? 20 : 10), .. frame[12..]];
                frame = tagged;
            }

            if (random.Next(20) == 0) frame = [.. frame, .. new byte[random.Next(70_000)]];
            if (random.Next(10) == 0) frame = frame[..random.Next(Math.Min(frame.Length, 40))];
            FrameOffload offload = random.Next(4) != 0 ? default : new FrameOffload
            {
                NeedsChecksum = random.Next(2) == 0, ChecksumStart = (ushort)random.Next(100), ChecksumOffset = (ushort)random.Next(30), Segmentation = (FrameSegmentation)random.Next(3), SegmentSize = (ushort)random.Next(2000),
            };
            network.Send(0, frame, offload);
        }

        int[] counts = network.Counts();
        Assert.Equal([0, 0, 0, counts[3], 0], counts);
        Assert.InRange(counts[3], 1000, 100_000);
        Assert.True(network.Ports[0].Drops(SwitchDrop.Vlan) > 1000 && network.Ports[0].Drops(SwitchDrop.Malformed) > 1000 && network.Ports[0].Drops(SwitchDrop.Reserved) > 1000);
        // And the switch still works.
        network.Send(1, TestFrames.Ethernet(MacAddress.Broadcast, B));
        Assert.Equal([0, 0, 0, 0, 1], network.Counts());
    }

    [Fact]
    public void Trunk_has_tags_and_other_ports_have_none()
    {
        var network = new Network(new SwitchPortOptions { Vlan = 10 }, new SwitchPortOptions { Vlan = 20 }, new SwitchPortOptions { Vlan = 20, Trunk = new HashSet<ushort> { 10 } });
        byte[] plain = TestFrames.Ethernet(B, A);
        network.Send(0, plain);
        Assert.Equal(TestFrames.Ethernet(B, A, vlan: 10), network.Adapters[2].Frames.Single().Frame);
        Assert.Equal([0, 0, 1], network.Counts());
        network.Send(2, TestFrames.Ethernet(A, B, vlan: 0xe00a));
        Assert.Equal(TestFrames.Ethernet(A, B), network.Adapters[0].Frames.Single().Frame);
        Assert.Equal([1, 0, 0], network.Counts());
        network.Send(2, TestFrames.Ethernet(MacAddress.Broadcast, B));
        Assert.Equal(TestFrames.Ethernet(MacAddress.Broadcast, B), network.Adapters[1].Frames.Single().Frame);
        Assert.Equal([0, 1, 0], network.Counts());
        network.Send(2, TestFrames.Ethernet(MacAddress.Broadcast, B, vlan: 30));
        network.Send(1, TestFrames.Ethernet(MacAddress.Broadcast, B, vlan: 20));
        Assert.Equal([0, 0, 0], network.Counts());
        // A tag that is only a priority is taken off.
        network.Send(1, TestFrames.Ethernet(MacAddress.Broadcast, C, vlan: 0xe000));
        Assert.Equal(TestFrames.Ethernet(MacAddress.Broadcast, C), network.Adapters[2].Frames.Single().Frame);
    }

    [Fact]
    public void Tag_within_a_tag_does_not_become_one_of_the_switch()
    {
        // The second trunk has segment 10 without tags: what is left of the frame there would be one of segment 20, which the sender is not in.
        var network = new Network(new SwitchPortOptions { Vlan = 0, Trunk = new HashSet<ushort> { 10 } }, new SwitchPortOptions { Vlan = 10, Trunk = new HashSet<ushort> { 20 } }, new SwitchPortOptions { Vlan = 0, Trunk = new HashSet<ushort> { 10 } });
        network.Send(0, [.. TestFrames.Ethernet(B, A, vlan: 10)[..16], .. TestFrames.Ethernet(B, A, vlan: 20)[12..]]);
        Assert.Equal([0, 0, 1], network.Counts());
        Assert.Equal(1, network.Ports[1].Drops(SwitchDrop.Vlan));
    }

    [Theory]
    [InlineData(4, 2)]
    [InlineData(6, 2)]
    [InlineData(10, 0)]
    [InlineData(10, 2)]
    public void Checksum_is_not_written_over_the_sender_or_the_tag(ushort start, ushort offset)
    {
        var network = new Network(new SwitchPortOptions { Vlan = 10 }, new SwitchPortOptions { Vlan = 0, Trunk = new HashSet<ushort> { 10, 20 } });
        network.Adapters[1].Accepts = FrameOffloads.None;
        network.Send(0, TestFrames.Ethernet(B, A), new FrameOffload { NeedsChecksum = true, ChecksumStart = start, ChecksumOffset = offset });
        Assert.Equal([0, 0], network.Counts());
        Assert.Equal(1, network.Ports[0].Drops(SwitchDrop.Malformed));
    }

    [Fact]
    public void Checksum_is_not_written_over_what_a_locked_port_has_looked_at()
    {
        var network = new Network(new SwitchPortOptions { LockedMac = A, LockedAddresses = [IPAddress.Parse("10.0.0.1")] }, new());
        network.Adapters[1].Accepts = FrameOffloads.None;
        byte[] arp = Arp(A, "10.0.0.1");
        for (int at = 14; at + 2 <= arp.Length; at++) network.Send(0, arp, new FrameOffload { NeedsChecksum = true, ChecksumStart = 14, ChecksumOffset = (ushort)(at - 14) });
        (byte[] tcp, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 10, segment: 0);
        for (int at = 14; at < 34; at++) network.Send(0, tcp, offload with { ChecksumStart = 14, ChecksumOffset = (ushort)(at - 14) });
        // The type of an ICMPv6 message, which may be an advertisement then.
        byte[] echo = [.. TestFrames.Tcp(ipv6: true, payload: 0, segment: 0).Frame];
        (echo[20], echo[54]) = (58, 128);
        network.Send(0, echo, new FrameOffload { NeedsChecksum = true, ChecksumStart = 54 });
        Assert.Equal([0, 0], network.Counts());
        network.Send(0, tcp, offload);
        Assert.True(TestFrames.SumsAreRight(network.Adapters[1].Frames.Single().Frame));
    }

    [Fact]
    public void Large_frame_passes_with_a_tag_and_is_cut_for_who_does_not_take_it()
    {
        var network = new Network(new SwitchPortOptions { Vlan = 10 }, new SwitchPortOptions { Vlan = 0, Trunk = new HashSet<ushort> { 10 } }, new SwitchPortOptions { Vlan = 10 });
        network.Adapters[2].Accepts = FrameOffloads.None;
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 5000, segment: 1000);
        network.Send(0, frame, offload);
        (byte[] tagged, FrameOffload moved) = network.Adapters[1].Frames.Single();
        Assert.Equal(offload with { ChecksumStart = 38, HeaderLength = 58 }, moved);
        Assert.Equal(frame[12..], tagged[16..]);
        Assert.Equal(5, network.Adapters[2].Frames.Count);
        Assert.All(network.Adapters[2].Frames, f => Assert.True(TestFrames.SumsAreRight(f.Frame)));
        network.Counts();
        network.Send(1, tagged, moved);
        Assert.Equal((frame, offload), network.Adapters[0].Frames.Single() is var (f, o) ? (f.SequenceEqual(frame) ? frame : f, o) : default);
    }

    [Fact]
    public void Locked_port_sends_from_its_own_addresses_only()
    {
        var network = new Network(new SwitchPortOptions { LockedMac = A, LockedAddresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("2001:db8::1")] }, new());
        (string What, bool Passes, byte[] Frame)[] cases =
        [
            ("own frame", true, TestFrames.Ethernet(B, A)),
            ("other sender", false, TestFrames.Ethernet(B, C)),
            ("ARP", true, Arp(A, "10.0.0.1")),
            ("ARP probe", true, Arp(A, "0.0.0.0")),
            ("ARP for another address", false, Arp(A, "10.0.0.2")),
            ("ARP for another adapter", false, Arp(C, "10.0.0.1")),
            ("short ARP", false, Arp(A, "10.0.0.1")[..40]),
            ("reverse ARP", false, TestFrames.Ethernet(B, A, 0x8035)),
            ("802.2", false, TestFrames.Ethernet(B, A, 46)),
            ("IPv4", true, Ipv4("10.0.0.1")),
            ("DHCP", true, Ipv4("0.0.0.0")),
            ("IPv4 of another", false, Ipv4("10.0.0.2")),
            ("neighbour solicitation", true, Discovery(135, "2001:db8::1", 1, A)),
            ("duplicate detection", true, Discovery(135, "::", null, A)),
            ("link-local", true, Discovery(136, "fe80::1", 2, A, "fe80::1")),
            ("solicitation for another adapter", false, Discovery(135, "2001:db8::1", 1, C)),
            ("advertisement of another address", false, Discovery(136, "2001:db8::1", 2, A, "2001:db8::2")),
            ("advertisement of another adapter", false, Discovery(136, "2001:db8::1", 2, C, "2001:db8::1")),
            ("router advertisement", false, Discovery(134, "fe80::1", 1, A)),
            ("redirect", false, Discovery(137, "fe80::1", 2, A)),
            ("behind an extension header", false, Discovery(134, "fe80::1", 1, A, extension: 0)),
            ("in a first fragment", false, Discovery(135, "2001:db8::1", 1, A, extension: 44)),
            ("echo", true, Discovery(128, "2001:db8::1", 1, C)),
            ("IPv6 of another", false, Discovery(128, "2001:db8::2", null, A)),
        ];
        foreach ((string what, bool passes, byte[] frame) in cases)
        {
            network.Send(0, frame);
            Assert.True(network.Counts()[1] == (passes ? 1 : 0), what);
        }

        Assert.Equal(cases.Count(c => !c.Passes), network.Ports[0].Drops(SwitchDrop.Spoofed));
    }

    [Fact]
    public void Locked_port_lets_no_other_sender_through_whatever_it_sends()
    {
        var network = new Network(new SwitchPortOptions { LockedMac = A, LockedAddresses = [IPAddress.Parse("10.0.0.1")] }, new());
        var random = new Random(3);
        byte[][] seeds = [Arp(A, "10.0.0.1"), Arp(C, "10.0.0.2"), Ipv4("10.0.0.1"), Discovery(135, "fe80::1", 1, A), Discovery(136, "fe80::1", 2, C), Discovery(134, "fe80::1", 1, A, extension: 60)];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] frame = [.. seeds[random.Next(seeds.Length)]];
            for (int j = random.Next(5); j > 0; j--) frame[random.Next(frame.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) frame = frame[..random.Next(frame.Length + 1)];
            network.Send(0, frame);
        }

        Assert.True(network.Ports[0].Drops(SwitchDrop.Spoofed) > 10_000);
        Assert.NotEmpty(network.Adapters[1].Frames);
        Assert.All(network.Adapters[1].Frames, f => Assert.Equal(A, MacAddress.Read(f.Frame.AsSpan(6))));
        Assert.All(network.Adapters[1].Frames.Where(f => f.Frame[12] == 8 && f.Frame[13] == 6), f => Assert.Equal(A, MacAddress.Read(f.Frame.AsSpan(22))));
        // Router advertisements, wherever they hide.
        Assert.DoesNotContain(network.Adapters[1].Frames, f => f.Frame.Length > 62 && f.Frame[12] == 0x86 && f.Frame[13] == 0xdd && (f.Frame[20] == 58 && f.Frame[54] == 134 || f.Frame[20] == 60 && f.Frame[54] == 58 && f.Frame[55] == 0 && f.Frame[62] == 134));
    }

    [Fact]
    public void Rule_accepts_drops_and_rewrites_and_may_fail()
    {
        byte[] other = TestFrames.Ethernet(MacAddress.Broadcast, A, payload: 99);
        FrameVerdict Rule(SwitchPort from, ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload) => frame[^1] switch
        {
            1 => FrameVerdict.Drop,
            2 => FrameVerdict.Rewrite(other),
            3 => throw new InvalidOperationException(),
            4 => FrameVerdict.Rewrite([1, 2, 3]),
            _ => FrameVerdict.Accept,
        };
        var network = new Network(new SwitchOptions { Rule = Rule }, TimeProvider.System, new(), new());
        for (byte i = 0; i < 5; i++)
        {
            byte[] frame = TestFrames.Ethernet(B, A);
            frame[^1] = i;
            network.Send(0, frame);
        }

        Assert.Equal([60, 113], network.Adapters[1].Frames.Select(f => f.Frame.Length));
        Assert.Equal(3, network.Ports[0].Drops(SwitchDrop.Rule));
    }

    [Fact]
    public void Rate_is_limited_and_the_sender_told_when_to_come_again()
    {
        var time = new SteppedTime();
        var network = new Network(new SwitchOptions(), time, new SwitchPortOptions { BytesPerSecond = 100_000 }, new());
        int told = 0;
        network.Ports[0].RoomAvailable += () => told++;
        byte[] frame = TestFrames.Ethernet(B, A, payload: 986);
        int sent = 0;
        for (int second = 0; second < 10; second++)
        {
            while (network.Ports[0].TryTake(frame, default)) sent++;
            time.Step(TimeSpan.FromSeconds(0.1));
        }

        // A tenth of a second at once, and then what time brings: ten tenths in all.
        Assert.InRange(sent * frame.Length, 90_000, 115_000);
        Assert.InRange(told, 8, 20);
    }

    [Fact]
    public void Full_receiver_loses_frames_and_holds_up_nobody()
    {
        var network = new Network(new SwitchPortOptions(), new(), new());
        network.Adapters[1].Full = true;
        network.Send(0, TestFrames.Ethernet(MacAddress.Broadcast, A));
        Assert.Equal([0, 0, 1], network.Counts());
        Assert.Equal(1, network.Ports[1].Drops(SwitchDrop.Full));
        Assert.Equal(1, network.Ports[2].FramesOut.Value);
        Assert.Equal(60, network.Ports[0].BytesIn.Value);
    }

    [Fact]
    public void Impossible_ports_are_refused()
    {
        var network = new VirtualSwitch(new SwitchOptions { MaxPorts = 1 });
        foreach (SwitchPortOptions options in (SwitchPortOptions[])[new() { Vlan = 0 }, new() { Vlan = 4095 }, new() { Trunk = new HashSet<ushort> { 4095 } }, new() { LockedMac = MacAddress.Broadcast }])
            Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => network.AddPort(options)).Kind);
        using SwitchPort port = network.AddPort();
        Assert.Equal(ErrorKind.InsufficientResources, Assert.Throws<DoppelException>(() => network.AddPort()).Kind);
    }

    private static byte[] Arp(MacAddress sender, string address)
    {
        byte[] frame = TestFrames.Ethernet(MacAddress.Broadcast, A, 0x0806, 28);
        byte[] start = [0, 1, 8, 0, 6, 4, 0, 2];
        start.CopyTo(frame, 14);
        sender.Write(frame.AsSpan(22));
        IPAddress.Parse(address).GetAddressBytes().CopyTo(frame, 28);
        return frame;
    }

    private static byte[] Ipv4(string source)
    {
        byte[] frame = TestFrames.Ethernet(B, A, 0x0800, 28);
        IPAddress.Parse(source).GetAddressBytes().CopyTo(frame, 26);
        return frame;
    }

    private static byte[] Discovery(byte type, string source, byte? option, MacAddress address, string target = "2001:db8::9", byte? extension = null)
    {
        int skip = extension is null ? 0 : 8, body = type is 133 or 128 ? 8 : type == 134 ? 16 : type == 137 ? 40 : 24;
        byte[] frame = TestFrames.Ethernet(B, A, 0x86dd, 40 + skip + body + (option is null ? 0 : 8));
        Span<byte> ip = frame.AsSpan(14);
        ip.Clear();
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - 40));
        ip[6] = extension ?? 58;
        if (extension is not null) ip[40] = 58;
        if (extension == 44) ip[43] = 1;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(ip[8..]);
        Span<byte> message = ip[(40 + skip)..];
        message[0] = type;
        if (body == 24) IPAddress.Parse(target).GetAddressBytes().CopyTo(message[8..]);
        if (option is null) return frame;
        message[body] = option.Value;
        message[body + 1] = 1;
        address.Write(message[(body + 2)..]);
        return frame;
    }

    /// <summary>A switch with an adapter at each port.</summary>
    private sealed class Network
    {
        public Network(params SwitchPortOptions[] ports)
            : this(new SwitchOptions(), TimeProvider.System, ports)
        {
        }

        public Network(SwitchOptions options, TimeProvider time, params SwitchPortOptions[] ports)
        {
            Switch = new VirtualSwitch(options, time);
            Ports = [.. ports.Select(Switch.AddPort)];
            Adapters = [.. Ports.Select(_ => new RecordingPort())];
            foreach ((SwitchPort port, RecordingPort adapter) in Ports.Zip(Adapters)) port.Connect(adapter);
        }

        public VirtualSwitch Switch { get; }

        public SwitchPort[] Ports { get; }

        public RecordingPort[] Adapters { get; }

        public void Send(int port, byte[] frame, FrameOffload offload = default) => Assert.True(Ports[port].TryTake(frame, offload));

        /// <summary>How many frames each adapter has been given since the last time.</summary>
        public int[] Counts()
        {
            int[] counts = [.. Adapters.Select(a => a.Frames.Count)];
            foreach (RecordingPort adapter in Adapters) adapter.Frames.Clear();
            return counts;
        }
    }
}
