using System.Buffers.Binary;
using System.Text;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioBlockTests
{
    private const int DiskLength = 8 << 20;
    private const byte Ok = 0;
    private const byte IoError = 1;
    private const byte Unsupported = 2;

    [Fact]
    public void Configuration_describes_the_disk()
    {
        using var driver = new FakeDriver(new VirtioBlock(new FakeDisk(DiskLength)));
        Assert.Equal(2u, driver.Read(MmioRegister.DeviceId));
        Assert.Equal(DiskLength / 512ul, driver.ReadConfig(0, 8));
        Assert.Equal(254ul, driver.ReadConfig(12, 4));
        Assert.Equal(512ul, driver.ReadConfig(20, 4));
        Assert.Equal(1ul, driver.ReadConfig(34, 2));
        Assert.NotEqual(0ul, driver.ReadConfig(36, 4));
        Assert.NotEqual(0ul, driver.ReadConfig(48, 4));
        Assert.Equal(1ul, driver.ReadConfig(56, 1));
        Assert.Equal(0ul, driver.ReadConfig(57, 1));
        ulong features = driver.OfferedFeatures();
        Assert.Equal(0ul, features & VirtioBlock.FeatureReadOnly);
        Assert.NotEqual(0ul, features & VirtioBlock.FeatureFlush);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_then_read_gives_the_same_bytes(bool packed)
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed)[0];
        byte[] data = [.. Enumerable.Range(0, 3 * 512).Select(i => (byte)(i * 13))];
        Assert.Equal((Ok, 1u), Request(driver, queue, 1, 5, data, 0).Result);
        Assert.Equal(data, disk.Bytes[(5 * 512)..(8 * 512)]);
        Answer read = Request(driver, queue, 0, 5, [], data.Length);
        Assert.Equal((Ok, (uint)data.Length + 1), read.Result);
        Assert.Equal(data, read.Data);
    }

    [Fact]
    public void Header_data_and_status_may_be_split_anyhow()
    {
        var disk = new FakeDisk(DiskLength);
        new Random(3).NextBytes(disk.Bytes);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        ulong header = driver.Place(Header(0, 2));
        ulong data = driver.Allocate(513);
        uint used = queue.Run(
            new Element(header, 3, false),
            new Element(header + 3, 13, false),
            new Element(data, 100, true),
            new Element(data + 100, 413, true));
        Assert.Equal(513u, used);
        Assert.Equal(disk.Bytes[1024..1536], driver.Bytes(data, 512));
        Assert.Equal(Ok, driver.Bytes(data + 512, 1)[0]);
    }

    [Fact]
    public void Long_requests_go_in_pieces_of_a_mebibyte()
    {
        var disk = new FakeDisk(DiskLength);
        new Random(4).NextBytes(disk.Bytes);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        int length = (5 << 19) + 512;
        Answer read = Request(driver, queue, 0, 1, [], length);
        Assert.Equal((Ok, (uint)length + 1), read.Result);
        Assert.Equal(disk.Bytes[512..(512 + length)], read.Data);
        Assert.Equal([$"read 512 {1 << 20}", $"read {512 + (1 << 20)} {1 << 20}", $"read {512 + (2 << 20)} {(1 << 19) + 512}"], disk.Calls);
        Assert.Equal((Ok, 1u), Request(driver, queue, 1, 0, read.Data, 0).Result);
        Assert.Equal(read.Data, disk.Bytes[..length]);
    }

    [Theory]
    [InlineData(0, 512, IoError)]
    [InlineData(1, 512, IoError)]
    [InlineData(0, 100, IoError)]
    [InlineData(0, 0, Ok)]
    [InlineData(5, 0, Unsupported)]
    [InlineData(14, 16, Unsupported)]
    [InlineData(0xffff_ffff, 512, Unsupported)]
    public void Request_beyond_the_end_or_unknown_fails(uint type, int length, byte expected)
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        byte[] data = new byte[type == 0 ? 0 : length];
        ulong sector = length == 512 ? DiskLength / 512ul : 0;
        Assert.Equal(expected, Request(driver, queue, type, sector, data, type == 0 ? length : 0).Status);
        if (length == 512) Assert.Equal(expected, Request(driver, queue, type, ulong.MaxValue, data, type == 0 ? length : 0).Status);
        Assert.Empty(disk.Calls);
        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Flush_reaches_the_disk()
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal((Ok, 1u), Request(driver, queue, 4, 0, [], 0).Result);
        Assert.Equal(["flush"], disk.Calls);
    }

    [Theory]
    [InlineData(0ul, false, false)]
    [InlineData(VirtioBlock.FeatureConfigWce, false, false)]
    [InlineData(VirtioBlock.FeatureConfigWce | VirtioBlock.FeatureFlush, false, true)]
    [InlineData(VirtioBlock.FeatureFlush, false, true)]
    [InlineData(0ul, true, true)]
    public void Writes_are_flushed_when_the_driver_has_a_write_through_cache(ulong without, bool writeThrough, bool flushed)
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false, without)[0];
        bool canSwitch = (without & VirtioBlock.FeatureConfigWce) == 0;
        if (writeThrough) driver.WriteConfig(32, 1, 0);
        Assert.Equal(flushed ? 0ul : 1, driver.ReadConfig(32, 1));
        Request(driver, queue, 1, 0, new byte[512], 0);
        Assert.Equal(flushed, disk.Calls.Contains("flush"));
        driver.WriteConfig(32, 1, 1);
        Assert.Equal(canSwitch || !flushed ? 1ul : 0, driver.ReadConfig(32, 1));
        driver.Write(MmioRegister.Status, 0);
        driver.Start(packed: false);
        Assert.Equal(1ul, driver.ReadConfig(32, 1));
    }

    [Fact]
    public void Read_only_disk_refuses_writes()
    {
        var disk = new FakeDisk(DiskLength, readOnly: true);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.True(driver.Mmio.Has(VirtioBlock.FeatureReadOnly));
        Assert.False(driver.Mmio.Has(VirtioBlock.FeatureDiscard));
        Assert.Equal((IoError, 1u), Request(driver, queue, 1, 0, new byte[512], 0).Result);
        Assert.Equal(Unsupported, Request(driver, queue, 11, 0, Range(0, 8, 0), 0).Status);
        Assert.Equal(Unsupported, Request(driver, queue, 13, 0, Range(0, 8, 0), 0).Status);
        Assert.Empty(disk.Calls);
        Assert.Equal(Ok, Request(driver, queue, 0, 0, [], 512).Status);
    }

    [Fact]
    public void Discard_and_write_zeroes_reach_the_disk_by_ranges()
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(Ok, Request(driver, queue, 11, 0, [.. Range(8, 16, 0), .. Range(0, 0, 0), .. Range(100, 1, 0)], 0).Status);
        Assert.Equal(Ok, Request(driver, queue, 13, 0, [.. Range(1, 2, 1), .. Range(3, 4, 0)], 0).Status);
        Assert.Equal(["discard 4096 8192", "discard 51200 512", "zero 512 1024 True", "zero 1536 2048 False"], disk.Calls);
    }

    [Theory]
    [InlineData(11, 0, 8, 1, Unsupported)]
    [InlineData(11, 0, 8, 2, Unsupported)]
    [InlineData(13, 0, 8, 2, Unsupported)]
    [InlineData(13, 0, 8, 0x8000_0001, Unsupported)]
    [InlineData(11, 16384, 1, 0, IoError)]
    [InlineData(13, 16383, 2, 1, IoError)]
    [InlineData(13, ulong.MaxValue, 1, 0, IoError)]
    [InlineData(11, 0, uint.MaxValue, 0, IoError)]
    public void Range_impossible_is_refused_before_anything_is_done(uint type, ulong sector, uint count, uint flags, byte expected)
    {
        var disk = new FakeDisk(DiskLength);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(expected, Request(driver, queue, type, 0, [.. Range(0, 8, 0), .. Range(sector, count, flags)], 0).Status);
        Assert.Empty(disk.Calls);
    }

    [Theory]
    [InlineData(VirtioBlock.MaxDiscardSectors, Ok)]
    [InlineData(VirtioBlock.MaxDiscardSectors + 1, IoError)]
    public void Range_longer_than_announced_is_refused(uint count, byte expected)
    {
        var disk = new FakeDisk(DiskLength) { PretendedLength = 1L << 40 };
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(VirtioBlock.MaxDiscardSectors, (uint)driver.ReadConfig(36, 4));
        Assert.Equal(expected, Request(driver, queue, 11, 0, Range(0, count, 0), 0).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17 * 16)]
    public void Ranges_of_a_wrong_length_are_refused(int length)
    {
        using var driver = new FakeDriver(new VirtioBlock(new FakeDisk(DiskLength)));
        FakeQueue queue = driver.Start(packed: false)[0];
        Assert.Equal(IoError, Request(driver, queue, 11, 0, new byte[length], 0).Status);
    }

    [Theory]
    [InlineData("", 20)]
    [InlineData("disk-1", 20)]
    [InlineData("0123456789abcdefghijK", 20)]
    [InlineData("disk-1", 3)]
    public void Serial_is_padded_and_cut_to_20_bytes(string serial, int room)
    {
        using var driver = new FakeDriver(new VirtioBlock(new FakeDisk(DiskLength), serial));
        FakeQueue queue = driver.Start(packed: false)[0];
        Answer answer = Request(driver, queue, 8, 0, [], room);
        Assert.Equal((Ok, (uint)room + 1), answer.Result);
        byte[] expected = new byte[20];
        Encoding.ASCII.GetBytes(serial.Length > 20 ? serial[..20] : serial, expected);
        Assert.Equal(expected[..room], answer.Data);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(4u)]
    [InlineData(11u)]
    [InlineData(13u)]
    public void Host_error_becomes_a_failed_request_and_the_machine_lives(uint type)
    {
        var disk = new FakeDisk(DiskLength) { Failure = new IOException("No space left on device") };
        var device = new VirtioBlock(disk);
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed: false)[0];
        byte[] data = type switch { 1 => new byte[512], 11 or 13 => Range(0, 1, 0), _ => [] };
        Answer answer = Request(driver, queue, type, 0, data, type == 0 ? 512 : 0);
        Assert.Equal((IoError, type == 0 ? 0u : 1u), answer.Result);
        Assert.All(answer.Data, b => Assert.Equal(0, b));
        Assert.Equal(1, device.HostErrors.Value);
        disk.Failure = null;
        Assert.Equal(Ok, Request(driver, queue, type, 0, data, type == 0 ? 512 : 0).Status);
    }

    [Theory]
    [InlineData(15, 1)]
    [InlineData(16, 0)]
    public void Request_without_header_or_status_needs_a_reset(int readable, int writable)
    {
        using var driver = new FakeDriver(new VirtioBlock(new FakeDisk(DiskLength)));
        FakeQueue queue = driver.Start(packed: false)[0];
        queue.Add(new Element(driver.Place(new byte[readable]), readable, false), new Element(driver.Allocate(1), writable, true));
        queue.Notify();
        Assert.True(driver.NeedsReset);
        Assert.True(driver.Mmio.QuiesceAsync().IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Requests_run_side_by_side_and_more_than_the_limit_wait(bool packed)
    {
        var disk = new FakeDisk(DiskLength);
        for (int i = 0; i < DiskLength; i++) disk.Bytes[i] = (byte)(i >> 9);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed, size: 256)[0];
        disk.Close();
        var buffers = new Dictionary<int, (ulong Address, byte Expected)>();
        for (int i = 0; i < 80; i++)
        {
            ulong buffer = driver.Allocate(513);
            buffers[queue.AddIndirect(new Element(driver.Place(Header(0, (ulong)i)), 16, false), new Element(buffer, 513, true))] = (buffer, (byte)i);
        }

        queue.Notify();
        Assert.Equal(32, disk.Waiting);
        disk.Open();
        for (int i = 0; i < 80; i++)
        {
            (int id, uint used) = queue.Take();
            Assert.True(buffers.Remove(id, out (ulong Address, byte Expected) buffer));
            Assert.Equal(513u, used);
            Assert.All(driver.Bytes(buffer.Address, 512), b => Assert.Equal(buffer.Expected, b));
        }
    }

    [Fact]
    public async Task Reset_with_io_under_way_touches_no_memory_and_holds_new_requests_back()
    {
        var disk = new FakeDisk(DiskLength);
        Array.Fill(disk.Bytes, (byte)7);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        disk.Close();
        ulong buffer = driver.Allocate(513);
        queue.Add(new Element(driver.Place(Header(0, 0)), 16, false), new Element(buffer, 513, true));
        queue.Notify();
        driver.Write(MmioRegister.Status, 0);
        queue = driver.Start(packed: false)[0];
        ulong second = driver.Allocate(513);
        queue.Add(new Element(driver.Place(Header(0, 0)), 16, false), new Element(second, 513, true));
        queue.Notify();
        Assert.Equal(1, disk.Waiting);
        disk.Open();
        queue.Take();
        Assert.All(driver.Bytes(buffer, 513), b => Assert.Equal(0, b));
        Assert.All(driver.Bytes(second, 512), b => Assert.Equal(7, b));
        await driver.Mmio.QuiesceAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_of_many_mebibytes_makes_way_for_a_stop_and_goes_on_after_a_restore(bool packed)
    {
        const int Pieces = 40;
        var disk = new FakeDisk(Pieces << 20);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed)[0];
        ulong buffer = driver.Allocate(1 << 20);
        ulong status = driver.Allocate(1);
        disk.Close();
        queue.AddIndirect([new Element(driver.Place(Header(0, 0)), 16, false), .. Enumerable.Repeat(new Element(buffer, 1 << 20, true), Pieces), new Element(status, 1, true)]);
        queue.Kick();
        Assert.True(SpinWait.SpinUntil(() => disk.Waiting == 1, TimeSpan.FromSeconds(10)));
        Task quiet = driver.Mmio.QuiesceAsync();
        Assert.False(quiet.IsCompleted);
        disk.Open();
        await quiet.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Single(disk.Calls);
        Assert.False(queue.TryTake(out _, out _));
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        driver.Mmio.Reset();
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        driver.Mmio.Resume();
        Assert.Equal((Pieces << 20) + 1u, queue.Take().Used);
        Assert.Equal(Ok, driver.Bytes(status, 1)[0]);
        Assert.Equal(Enumerable.Range(0, Pieces).Select(i => $"read {(long)i << 20} {1 << 20}"), disk.Calls);
    }

    [Fact]
    public void Requests_wait_when_too_many_bytes_are_under_way()
    {
        const int Pieces = 20;
        var disk = new FakeDisk(Pieces << 20);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: false)[0];
        ulong buffer = driver.Allocate(1 << 20);
        Element header = new(driver.Place(Header(0, 0)), 16, false);
        disk.Close();
        for (int i = 0; i < 3; i++) queue.AddIndirect([header, .. Enumerable.Repeat(new Element(buffer, 1 << 20, true), Pieces), new Element(driver.Allocate(1), 1, true)]);
        queue.Kick();
        Assert.Equal(1, disk.Waiting);
        disk.Open();
        for (int i = 0; i < 3; i++) Assert.Equal((Pieces << 20) + 1u, queue.Take().Used);
    }

    [Fact]
    public async Task Snapshot_with_requests_waiting_in_the_ring_goes_on_after_a_restore()
    {
        var disk = new FakeDisk(DiskLength);
        Array.Fill(disk.Bytes, (byte)9);
        using var driver = new FakeDriver(new VirtioBlock(disk));
        FakeQueue queue = driver.Start(packed: true)[0];
        Request(driver, queue, 0, 0, [], 512);
        await driver.Mmio.QuiesceAsync();
        ulong buffer = driver.Allocate(513);
        queue.Add(new Element(driver.Place(Header(0, 0)), 16, false), new Element(buffer, 513, true));
        queue.Kick();
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        driver.Mmio.Reset();
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        driver.Mmio.Resume();
        queue.Take();
        Assert.All(driver.Bytes(buffer, 512), b => Assert.Equal(9, b));
    }

    [Fact]
    public void Snapshot_keeps_the_contract()
    {
        var drivers = new List<FakeDriver>();
        Snapshot.SnapshotContract.Check(
            () =>
            {
                drivers.Add(new FakeDriver(new VirtioBlock(new FakeDisk(DiskLength))));
                return drivers[^1].Mmio;
            },
            mmio =>
            {
                FakeDriver driver = drivers.Single(driver => driver.Mmio == mmio);
                Request(driver, driver.Start(packed: false)[0], 0, 0, [], 512);
                driver.WriteConfig(32, 1, 0);
                driver.Mmio.QuiesceAsync();
            });
        foreach (FakeDriver driver in drivers) driver.Dispose();
    }

    [Fact]
    public void Snapshot_of_a_disk_of_another_size_is_refused()
    {
        using var small = new FakeDriver(new VirtioBlock(new FakeDisk(512)));
        using var large = new FakeDriver(new VirtioBlock(new FakeDisk(1024)));
        byte[] saved = Snapshot.SnapshotContract.Save(small.Mmio);
        Assert.Throws<Doppel.Core.Snapshot.SnapshotException>(() => Snapshot.SnapshotContract.Load(large.Mmio, saved));
    }

    private static Answer Request(FakeDriver driver, FakeQueue queue, uint type, ulong sector, byte[] data, int room)
    {
        ulong answer = driver.Allocate(room + 1);
        Assert.True(driver.Memory.TryFill(answer, room, 0));
        Assert.True(driver.Memory.TryFill(answer + (ulong)room, 1, 0xee));
        uint used = queue.Run(
            new Element(driver.Place(Header(type, sector)), 16, false),
            new Element(driver.Place(data), data.Length, false),
            new Element(answer, room, true),
            new Element(answer + (ulong)room, 1, true));
        byte[] all = driver.Bytes(answer, room + 1);
        return new Answer(all[room], used, all[..room]);
    }

    private static byte[] Header(uint type, ulong sector)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    private static byte[] Range(ulong sector, uint count, uint flags)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        return range;
    }

    private sealed record Answer(byte Status, uint Used, byte[] Data)
    {
        public (byte Status, uint Used) Result => (Status, Used);
    }
}
