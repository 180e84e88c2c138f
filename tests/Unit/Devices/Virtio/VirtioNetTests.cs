using Doppel.Core.Backends;
using Doppel.Core.Net;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;
using Doppel.Devices.Virtio.Net;
using Doppel.Tests.Unit.Core.Net;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioNetTests
{
    private const int Receive = 0, Transmit = 1, Control = 2;
    private readonly FakeNetwork _network = new();
    private readonly VirtioNet _device;

    public VirtioNetTests() => _device = new VirtioNet(_network, TestFrames.A, 1400);

    [Fact]
    public void Configuration_has_address_link_and_mtu()
    {
        using var driver = new FakeDriver(_device);
        Assert.Equal(1u, driver.Read(MmioRegister.DeviceId));
        Assert.Equal([0x02, 0, 0, 0, 0, 0x0a], Enumerable.Range(0, 6).Select(i => (int)driver.ReadConfig(i, 1)));
        Assert.Equal(1ul, driver.ReadConfig(6, 2));
        Assert.Equal(1400ul, driver.ReadConfig(10, 2));
        driver.Start(packed: false);
        Assert.Equal(0u, driver.TakeInterrupt());
        _network.Plug(false);
        Assert.Equal(2u, driver.TakeInterrupt());
        Assert.Equal(0ul, driver.ReadConfig(6, 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_pass_both_ways(bool packed)
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed);
        byte[] frame = TestFrames.Ethernet(TestFrames.B, TestFrames.A);
        Send(driver, queues, frame);
        Assert.Equal(frame, _network.Frames.Single().Frame);
        Assert.Equal(default, _network.Frames.Single().Offload);

        ulong buffer = AddBuffer(driver, queues, 2048);
        byte[] answer = TestFrames.Ethernet(TestFrames.A, TestFrames.B, payload: 1000);
        Assert.True(_network.Adapter.TryTake(answer, default));
        (_, uint used) = queues[Receive].Take();
        Assert.Equal(12u + (uint)answer.Length, used);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], driver.Bytes(buffer, 12));
        Assert.Equal(answer, driver.Bytes(buffer + 12, answer.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Large_frame_is_spread_over_buffers_that_appear_together(bool packed)
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed);
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 2500, segment: 1000);
        ulong[] buffers = [.. Enumerable.Range(0, 2).Select(_ => AddBuffer(driver, queues, 1024))];
        Assert.True(_network.Adapter.TryTake(frame, offload));
        // Two are too few: none is used.
        Thread.Sleep(50);
        Assert.False(queues[Receive].TryTake(out _, out _));
        ulong third = AddBuffer(driver, queues, 1024);
        (_, uint used) = queues[Receive].Take();
        // Nothing of it may be missing once the first is there.
        Assert.True(queues[Receive].TryTake(out _, out uint second));
        Assert.True(queues[Receive].TryTake(out _, out uint last));
        Assert.Equal([1024u, 1024u, (uint)frame.Length + 12 - 2048], [used, second, last]);
        byte[] got = [.. driver.Bytes(buffers[0], 1024), .. driver.Bytes(buffers[1], 1024), .. driver.Bytes(third, (int)last)];
        Assert.Equal(frame, got[12..]);
        // NEEDS_CSUM, TCPV4, header length, segment size, start, offset, three buffers.
        Assert.Equal([1, 1, 54, 0, 0xe8, 3, 34, 0, 16, 0, 3, 0], got[..12]);
    }

    [Fact]
    public void Large_frame_of_the_driver_keeps_what_it_leaves_undone()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: true, payload: 30_000, segment: 1300);
        // The header's word on the headers' length is wrong, and not believed.
        Send(driver, queues, frame, [1, 4, 0xff, 0xff, 0x14, 5, 54, 0, 16, 0, 0, 0]);
        Assert.Equal(offload, _network.Frames.Single().Offload);
        Assert.Equal(frame, _network.Frames.Single().Frame);
    }

    [Fact]
    public void Large_frame_of_the_driver_is_cut_for_a_network_without_offloads()
    {
        _network.Accepts = FrameOffloads.None;
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        (byte[] frame, _) = TestFrames.Tcp(ipv6: false, payload: 3000, segment: 1000);
        Send(driver, queues, frame, [1, 1, 0, 0, 0xe8, 3, 34, 0, 16, 0, 0, 0]);
        Assert.Equal(3, _network.Frames.Count);
        Assert.All(_network.Frames, f => Assert.True(TestFrames.SumsAreRight(f.Frame)));
    }

    [Theory]
    [InlineData(0, 0, 13, 0, 0)]                // shorter than a header
    [InlineData(0, 0, 1400 + 23, 0, 0)]         // longer than the network carries
    [InlineData(1, 0, 60, 50, 9)]               // checksum behind the end
    [InlineData(0, 1, 100, 34, 16)]             // segmentation without checksum
    [InlineData(1, 3, 100, 34, 16)]             // UDP fragmentation was not offered
    [InlineData(1, 0x81, 100, 34, 16)]          // nor ECN
    [InlineData(1, 1, 100, 34, 16)]             // segments of no bytes
    [InlineData(1, 1, 100, 99, 1)]              // no TCP header there
    public void Impossible_frame_is_returned_and_not_sent(byte flags, byte kind, int length, byte start, byte offset)
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        Send(driver, queues, new byte[length], [flags, kind, 0, 0, 0, 0, start, 0, offset, 0, 0, 0]);
        Assert.Empty(_network.Frames);
        Assert.Equal(1, _device.SendErrors.Value);
        Assert.False(driver.NeedsReset);
        Send(driver, queues, TestFrames.Ethernet(TestFrames.B, TestFrames.A));
        Assert.Single(_network.Frames);
    }

    [Fact]
    public void Full_network_holds_frames_in_the_ring()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        _network.Full = true;
        byte[] first = TestFrames.Ethernet(TestFrames.B, TestFrames.A, payload: 50), second = TestFrames.Ethernet(TestFrames.B, TestFrames.A, payload: 60);
        foreach (byte[] frame in (byte[][])[first, second]) queues[Transmit].Add(new Element(driver.Place(new byte[12]), 12, false), new Element(driver.Place(frame), frame.Length, false));
        queues[Transmit].Kick();
        Assert.False(queues[Transmit].TryTake(out _, out _));
        Assert.True(driver.Mmio.QuiesceAsync().IsCompleted);
        driver.Mmio.Resume();
        _network.MakeRoom();
        queues[Transmit].Take();
        queues[Transmit].Take();
        Assert.Equal([first, second], _network.Frames.Select(f => f.Frame));
    }

    [Fact]
    public void Full_guest_refuses_frames_and_says_when_it_has_room()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        using var room = new ManualResetEventSlim();
        _network.Adapter.RoomAvailable += room.Set;
        byte[] frame = TestFrames.Ethernet(TestFrames.A, TestFrames.B, payload: 1400);
        int taken = 0;
        while (_network.Adapter.TryTake(frame, default)) taken++;
        Assert.InRange((long)taken * frame.Length, FrameQueue.MaxBytes - 2 * frame.Length, FrameQueue.MaxBytes);
        Assert.False(room.IsSet);
        for (int i = 0; i < taken; i += 8)
        {
            driver.FreeAll();
            driver.Allocate(0x8000);
            for (int j = 0; j < 8; j++) AddBuffer(driver, queues, 1500, kick: j == 7);
            for (int j = 0; j < Math.Min(8, taken - i); j++) queues[Receive].Take();
        }

        Assert.True(room.Wait(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(taken, _device.FramesReceived.Value);
    }

    [Fact]
    public void Driver_without_features_gets_plain_frames_only()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false, without: NetFeature.All);
        Assert.Equal(FrameOffloads.None, _network.Adapter.Accepts);
        (byte[] frame, FrameOffload offload) = TestFrames.Tcp(ipv6: false, payload: 1800, segment: 1000);
        ulong[] buffers = [AddBuffer(driver, queues, 1526), AddBuffer(driver, queues, 1526)];
        Assert.True(_network.Adapter.TryDeliver(frame, offload));
        Assert.Equal([12u + 1054, 12u + 854], [queues[Receive].Take().Used, queues[Receive].Take().Used]);
        Assert.True(TestFrames.SumsAreRight(driver.Bytes(buffers[0] + 12, 1054)));
        // One that is not possible here is dropped.
        Assert.True(_network.Adapter.TryTake(frame, offload));
        Assert.Equal(1, _device.ReceiveDrops.Value);
    }

    [Fact]
    public void Commands_filter_what_the_guest_receives()
    {
        using var driver = new FakeDriver(_device);
        driver.Mmio.Later = work => work();
        FakeQueue[] queues = driver.Start(packed: false, size: 64);
        MacAddress group = new(0x01_00_5e_00_00_05), other = new(0x02_00_00_00_00_77);
        Assert.True(Command(driver, queues, [0, 0, 0]));
        Assert.Equal("A,broadcast", Heard());
        byte[] table = new byte[2 + 4 + 6 + 4 + 6];
        table[0] = 1;
        table[2] = table[12] = 1;
        other.Write(table.AsSpan(6));
        group.Write(table.AsSpan(16));
        Assert.True(Command(driver, queues, table));
        Assert.Equal("A,broadcast,group,other", Heard());
        Assert.True(Command(driver, queues, [0, 5, 1]));
        Assert.True(Command(driver, queues, [0, 3, 1]));
        Assert.Equal("A,other", Heard());
        Assert.True(Command(driver, queues, [1, 1, 2, 0, 0, 0, 0, 0x0b]));
        Assert.Equal(0x0bul, driver.ReadConfig(5, 1));
        Assert.Equal("B,other", Heard());
        Assert.True(Command(driver, queues, [0, 0, 1]));
        Assert.Equal("A,B,broadcast,group,other,vlan 7", Heard());
        // A list that is too long to be kept lets all of its kind pass.
        Assert.True(Command(driver, queues, [0, 0, 0]));
        Assert.True(Command(driver, queues, [1, 0, 100, 0, 0, 0, .. new byte[600], 0, 0, 0, 0]));
        Assert.Equal("A,B,other", Heard());
        Assert.True(Command(driver, queues, [2, 0, 7, 0]));
        Assert.Equal("A,B,other,vlan 7", Heard());
        Assert.True(Command(driver, queues, [2, 1, 7, 0]));
        Assert.Equal("A,B,other", Heard());

        string Heard()
        {
            (string Name, byte[] Frame)[] all =
            [
                ("A", TestFrames.Ethernet(TestFrames.A, other)), ("B", TestFrames.Ethernet(TestFrames.B, other)), ("broadcast", TestFrames.Ethernet(MacAddress.Broadcast, other)),
                ("group", TestFrames.Ethernet(group, TestFrames.B)), ("other", TestFrames.Ethernet(other, TestFrames.B)), ("vlan 7", TestFrames.Ethernet(TestFrames.B, other, vlan: 7)),
            ];
            return string.Join(',', all.Where(f => IsHeard(f.Frame)).Select(f => f.Name));
        }

        bool IsHeard(byte[] frame)
        {
            long before = _device.FramesReceived.Value;
            driver.FreeAll();
            driver.Allocate(0x8000);
            AddBuffer(driver, queues, 2048);
            Assert.True(_network.Adapter.TryTake(frame, default));
            if (_device.FramesReceived.Value == before) return false;
            queues[Receive].Take();
            return true;
        }
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 6, 1 })]
    [InlineData(new byte[] { 1, 0, 255, 255, 255, 255, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 1, 1, 3, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 2, 0, 0, 0x10 })]
    [InlineData(new byte[] { 4, 0, 1, 0 })]
    [InlineData(new byte[] { 5, 0, 0, 0, 0, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 77, 1, 1 })]
    public void Command_that_makes_no_sense_is_refused(byte[] command)
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        Assert.False(Command(driver, queues, command));
        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Driver_may_switch_off_what_it_accepts()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        Assert.Equal(FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation, _network.Adapter.Accepts);
        Assert.True(Command(driver, queues, [5, 0, 2, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(FrameOffloads.Checksum, _network.Adapter.Accepts);
        driver.Write(MmioRegister.Status, 0);
        Assert.Equal(FrameOffloads.None, _network.Adapter.Accepts);
    }

    [Fact]
    public void Announcement_is_asked_for_until_the_driver_has_made_it()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        _device.Announce();
        Assert.Equal(2u, driver.TakeInterrupt());
        Assert.Equal(3ul, driver.ReadConfig(6, 2));
        Assert.True(Command(driver, queues, [3, 0]));
        Assert.Equal(1ul, driver.ReadConfig(6, 2));
    }

    [Fact]
    public void Buffer_without_room_for_the_header_needs_a_reset()
    {
        using var driver = new FakeDriver(_device);
        driver.Mmio.Later = work => work();
        FakeQueue[] queues = driver.Start(packed: false);
        AddBuffer(driver, queues, 11);
        AddBuffer(driver, queues, 2048);
        Assert.True(_network.Adapter.TryTake(TestFrames.Ethernet(TestFrames.A, TestFrames.B), default));
        Assert.True(driver.NeedsReset);
    }

    [Fact]
    public void Snapshot_keeps_the_contract()
    {
        var drivers = new List<FakeDriver>();
        SnapshotContract.Check(
            () =>
            {
                drivers.Add(new FakeDriver(new VirtioNet(new FakeNetwork(), TestFrames.A)));
                return drivers[^1].Mmio;
            },
            part =>
            {
                FakeDriver driver = drivers.Single(d => d.Mmio == part);
                FakeQueue[] queues = driver.Start(packed: false);
                Assert.True(Command(driver, queues, [1, 1, 2, 0, 0, 0, 0, 9]));
                Assert.True(Command(driver, queues, [0, 0, 0]));
                Assert.True(Command(driver, queues, [1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 100, 0, 0, 0, .. new byte[600]]));
                Assert.True(Command(driver, queues, [2, 0, 7, 0]));
                Assert.True(Command(driver, queues, [5, 0, 2, 0, 0, 0, 0, 0, 0, 0]));
            });
        drivers.ForEach(d => d.Dispose());
    }

    [Fact]
    public void Guest_is_behind_from_a_burst_of_datagrams_on_until_it_has_nothing_to_do()
    {
        using var driver = new FakeDriver(_device);
        FakeQueue[] queues = driver.Start(packed: false);
        driver.Mmio.Later = work => work();
        int called = 0;
        _network.Adapter.RoomAvailable += () => called++;
        byte[] datagram = TestFrames.Udp(payload: 100);
        for (int i = 0; i < DatagramPace.Burst; i++)
        {
            // Frames that are none do not count.
            Assert.True(_network.Adapter.TryTake(TestFrames.Ethernet(TestFrames.A, TestFrames.B), default));
            Assert.False(_network.Adapter.IsBehind);
            Assert.True(_network.Adapter.TryTake(datagram, default));
        }

        Assert.True(_network.Adapter.IsBehind);
        _device.OnGuestIdle();
        Assert.True(_network.Adapter.IsBehind, "It has not been handed them yet.");
        for (int i = 0; i < 2 * DatagramPace.Burst; i++)
        {
            AddBuffer(driver, queues, 2048);
            queues[Receive].Take();
        }

        Assert.True(_network.Adapter.IsBehind);
        Assert.Equal(0, called);
        _device.OnGuestIdle();
        Assert.False(_network.Adapter.IsBehind);
        Assert.Equal(1, called);

        // Who was not told that it was behind is not called.
        _network.Adapter.TryTake(datagram, default);
        for (int i = 0; i < 3; i++) _device.OnGuestIdle();
        Assert.Equal(1, called);
    }

    private static ulong AddBuffer(FakeDriver driver, FakeQueue[] queues, int length, bool kick = true)
    {
        ulong buffer = driver.Allocate(length);
        queues[Receive].Add(new Element(buffer, length, true));
        if (kick) queues[Receive].Kick();
        return buffer;
    }

    private static void Send(FakeDriver driver, FakeQueue[] queues, byte[] frame, byte[]? header = null) =>
        queues[Transmit].Run(new Element(driver.Place(header ?? new byte[12]), 12, false), new Element(driver.Place(frame), frame.Length, false));

    private static bool Command(FakeDriver driver, FakeQueue[] queues, byte[] command)
    {
        ulong answer = driver.Place([0xff]);
        queues[Control].Run(new Element(driver.Place(command), command.Length, false), new Element(answer, 1, true));
        byte status = driver.Bytes(answer, 1)[0];
        Assert.InRange(status, 0, 1);
        return status == 0;
    }
}
