using System.Buffers.Binary;
using System.Text;
using Doppel.Devices.Virtio;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioConsoleTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Console_single_passes_bytes_both_ways(bool packed)
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        FakeQueue[] queues = driver.Start(packed);
        Assert.Equal(2, queues.Length);
        Assert.False(driver.Mmio.Has(VirtioConsole.FeatureMultiport));
        Send(driver, queues[1], "hello from the guest");
        Assert.Equal("hello from the guest", host.Output);

        host.Type("early");
        ulong buffer = Receive(driver, queues[0], 16);
        Assert.Equal("early", Text(driver, buffer, queues[0].Take().Used));
        buffer = Receive(driver, queues[0], 4);
        Assert.False(queues[0].TryTake(out _, out _));
        host.Type("abcdef");
        Assert.Equal("abcd", Text(driver, buffer, queues[0].Take().Used));
        buffer = Receive(driver, queues[0], 4);
        Assert.Equal("ef", Text(driver, buffer, queues[0].Take().Used));
    }

    [Fact]
    public void Console_single_size_is_in_the_configuration_and_changes()
    {
        var host = new FakeConsole();
        host.Resize(80, 24);
        using var driver = new FakeDriver(new VirtioConsole(host));
        Assert.Equal(80ul, driver.ReadConfig(0, 2));
        Assert.Equal(24ul, driver.ReadConfig(2, 2));
        driver.Start(packed: false);
        Assert.Equal(0u, driver.TakeInterrupt());
        host.Resize(132, 100_000);
        Assert.Equal(2u, driver.TakeInterrupt());
        Assert.Equal(132ul, driver.ReadConfig(0, 2));
        Assert.Equal(65535ul, driver.ReadConfig(2, 2));
    }

    [Fact]
    public void Console_emergency_write_works_without_a_driver()
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        driver.WriteConfig(8, 4, 0xffff_ff00 | 'X');
        Assert.Equal("X", host.Output);
        Assert.Equal(0u, driver.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ports_are_announced_in_order_with_their_names(bool packed)
    {
        var ports = new Ports();
        ports.Console.Resize(100, 40);
        using var driver = new FakeDriver(ports.Device);
        Assert.Equal(3ul, driver.ReadConfig(4, 4));
        FakeQueue[] queues = driver.Start(packed, size: 64);
        Assert.Equal(8, queues.Length);
        var guest = new ControlGuest(driver, queues);
        Assert.Equal(["add 0", "add 1", "add 2"], guest.Say(0, 0, 1));
        Assert.Empty(guest.Say(0, 0, 1));
        Assert.Equal(["console 0 = 1", "resize 0 100x40", "open 0 = 1"], guest.Say(0, 3, 1));
        Assert.Equal(["name 1 doppel.stdio", "open 1 = 1"], guest.Say(1, 3, 1));
        Assert.Equal(["name 2 doppel.control", "open 2 = 1"], guest.Say(2, 3, 1));
        Assert.Empty(guest.Say(3, 3, 1));
        Assert.Empty(guest.Say(uint.MaxValue, 6, 1));
        Assert.Empty(guest.Say(0, 0xffff, 1));
        ports.Console.Resize(90, 30);
        Assert.Equal(["resize 0 90x30"], guest.Heard());
        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Port_input_waits_until_the_guest_opens_it_and_ends_with_its_end()
    {
        var ports = new Ports();
        using var driver = new FakeDriver(ports.Device);
        FakeQueue[] queues = driver.Start(packed: false, size: 64);
        var guest = new ControlGuest(driver, queues);
        guest.Say(0, 0, 1);
        guest.Say(1, 3, 1);
        ulong buffer = Receive(driver, queues[4], 64);
        ports.Stdio.Type("waiting");
        Assert.False(queues[4].TryTake(out _, out _));
        Assert.Empty(guest.Say(1, 6, 1));
        Assert.Equal("waiting", Text(driver, buffer, queues[4].Take().Used));

        // No buffer for the last of the data yet: it is not at its end before that has been read.
        ports.Stdio.Type("last");
        ports.Stdio.End();
        Assert.Empty(guest.Heard());
        buffer = Receive(driver, queues[4], 64);
        Assert.Equal("last", Text(driver, buffer, queues[4].Take().Used));
        Assert.Equal(["open 1 = 0"], guest.Heard());

        Send(driver, queues[5], "output still goes");
        Assert.Equal("output still goes", ports.Stdio.Output);
        Send(driver, queues[7], "0\n");
        Assert.Equal("0\n", ports.Control.Output);
        Assert.Equal("", ports.Console.Output);
    }

    [Fact]
    public void Port_ended_before_the_guest_came_is_closed_after_its_data()
    {
        var ports = new Ports();
        ports.Stdio.Type("all");
        ports.Stdio.End();
        using var driver = new FakeDriver(ports.Device);
        FakeQueue[] queues = driver.Start(packed: false, size: 64);
        var guest = new ControlGuest(driver, queues);
        guest.Say(0, 0, 1);
        Assert.Equal(["name 1 doppel.stdio", "open 1 = 1"], guest.Say(1, 3, 1));
        ulong buffer = Receive(driver, queues[4], 64);
        Assert.Equal(["open 1 = 0"], guest.Say(1, 6, 1));
        Assert.Equal("all", Text(driver, buffer, queues[4].Take().Used));
    }

    [Fact]
    public async Task Port_that_the_guest_opens_and_closes_is_said_to_be()
    {
        var ports = new Ports();
        using var driver = new FakeDriver(ports.Device);
        FakeQueue[] queues = driver.Start(packed: false, size: 64);
        var guest = new ControlGuest(driver, queues);
        guest.Say(0, 0, 1);
        guest.Say(1, 3, 1);
        Assert.Empty(ports.Stdio.Openings);
        guest.Say(1, 6, 1);
        guest.Say(1, 6, 1);
        Assert.Equal([true], ports.Stdio.Openings);
        guest.Say(1, 6, 0);
        guest.Say(1, 6, 1);
        await driver.Mmio.QuiesceAsync();
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        driver.Mmio.Reset();
        Assert.Equal([true, false, true, false], ports.Stdio.Openings);
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        Assert.Equal([true, false, true, false, true], ports.Stdio.Openings);
    }

    [Fact]
    public void Control_messages_without_room_wait_and_do_not_pile_up()
    {
        var ports = new Ports();
        using var driver = new FakeDriver(ports.Device);
        FakeQueue[] queues = driver.Start(packed: false, size: 64);
        for (int i = 0; i < 1000; i++) Send(driver, queues[3], ControlGuest.Message(0, 0, 1));
        for (int i = 0; i < 1000; i++) ports.Console.Resize(i, i);
        var guest = new ControlGuest(driver, queues);
        Assert.Equal(["add 0", "add 1", "add 2"], guest.Heard());
    }

    [Fact]
    public void Control_messages_cut_off_and_buffers_of_the_wrong_direction_are_returned()
    {
        var ports = new Ports();
        using var driver = new FakeDriver(ports.Device);
        FakeQueue[] queues = driver.Start(packed: false);
        Assert.Equal(0u, queues[3].Run(new Element(driver.Place([0, 0, 0]), 3, false)));
        Assert.Equal(0u, queues[1].Run(new Element(driver.Allocate(8), 8, true)));
        ports.Console.Type("x");
        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Output_that_nobody_reads_does_not_hold_the_processor_for_long()
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        FakeQueue queue = driver.Start(packed: false, size: 128)[1];
        ulong text = driver.Place("x"u8);
        int writes = 0;
        // Longer than any pause in the test could be, so that the rest cannot have been written before the notification returned.
        using var reader = new ManualResetEventSlim();
        int notifier = Environment.CurrentManagedThreadId;
        host.Writing = () =>
        {
            Interlocked.Increment(ref writes);
            if (Environment.CurrentManagedThreadId != notifier) reader.Wait(TimeSpan.FromSeconds(20));
        };
        for (int i = 0; i < 128; i++) queue.Add(new Element(text, 1, false));
        queue.Notify();
        Assert.InRange(Volatile.Read(ref writes), 1, 5);
        reader.Set();
        for (int i = 0; i < 128; i++) queue.Take();
        Assert.Equal(128, host.Output.Length);
    }

    [Theory]
    [InlineData(1 << 20, false)]
    [InlineData((1 << 20) + 1, true)]
    public void Output_of_more_than_a_mebibyte_in_one_buffer_needs_a_reset(int length, bool tooMuch)
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        FakeQueue queue = driver.Start(packed: true)[1];
        queue.Add(new Element(driver.Allocate(length), length, false));
        queue.Notify();
        Assert.Equal(tooMuch, driver.NeedsReset);
        Assert.Equal(tooMuch ? 0 : length, host.Output.Length);
    }

    [Fact]
    public void Snapshot_keeps_the_contract()
    {
        var drivers = new List<(FakeDriver Driver, Ports Ports)>();
        Snapshot.SnapshotContract.Check(
            () =>
            {
                var ports = new Ports();
                drivers.Add((new FakeDriver(ports.Device), ports));
                return drivers[^1].Driver.Mmio;
            },
            mmio =>
            {
                (FakeDriver driver, Ports ports) = drivers.Single(entry => entry.Driver.Mmio == mmio);
                FakeQueue[] queues = driver.Start(packed: false);
                var guest = new ControlGuest(driver, queues);
                guest.Say(0, 0, 1);
                guest.Say(1, 3, 1);
                guest.Say(1, 6, 1);
                ports.Stdio.Type("undelivered");
                for (int i = 0; i < 40; i++) ports.Console.Resize(i, 1);
            });
        foreach ((FakeDriver driver, _) in drivers) driver.Dispose();
    }

    [Fact]
    public async Task Snapshot_input_on_its_way_is_not_lost()
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        FakeQueue[] queues = driver.Start(packed: false);
        host.Type("typed");
        Assert.Equal(0, host.Waiting);
        await driver.Mmio.QuiesceAsync();
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        driver.Mmio.Reset();
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        driver.Mmio.Resume();
        ulong buffer = Receive(driver, queues[0], 16);
        Assert.Equal("typed", Text(driver, buffer, queues[0].Take().Used));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Snapshot_tells_the_host_whether_the_guest_had_written(bool written)
    {
        var host = new FakeConsole();
        using var driver = new FakeDriver(new VirtioConsole(host));
        FakeQueue[] queues = driver.Start(packed: false);
        if (written) Send(driver, queues[1], "# ");
        await driver.Mmio.QuiesceAsync();
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        Assert.Null(host.WentOn);

        // In a machine that shows something by itself, too.
        driver.Mmio.Resume();
        Send(driver, queues[1], "more");
        await driver.Mmio.QuiesceAsync();
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        Assert.Equal(written, host.WentOn);
    }

    private static void Send(FakeDriver driver, FakeQueue queue, string text) => Send(driver, queue, Encoding.UTF8.GetBytes(text));

    private static void Send(FakeDriver driver, FakeQueue queue, byte[] bytes) =>
        Assert.Equal(0u, queue.Run(new Element(driver.Place(bytes), bytes.Length, false)));

    private static ulong Receive(FakeDriver driver, FakeQueue queue, int length)
    {
        ulong buffer = driver.Allocate(length);
        queue.Add(new Element(buffer, length, true));
        queue.Kick();
        return buffer;
    }

    private static string Text(FakeDriver driver, ulong address, uint length) => Encoding.UTF8.GetString(driver.Bytes(address, (int)length));

    private sealed class Ports
    {
        public Ports() => Device = new VirtioConsole(
        [
            new VirtioConsolePort(Console, IsConsole: true),
            new VirtioConsolePort(Stdio, "doppel.stdio"),
            new VirtioConsolePort(Control, "doppel.control"),
        ]);

        public FakeConsole Console { get; } = new();

        public FakeConsole Stdio { get; } = new();

        public FakeConsole Control { get; } = new();

        public VirtioConsole Device { get; }
    }

    /// <summary>The guest's side of the control queues.</summary>
    private sealed class ControlGuest
    {
        private readonly FakeDriver _driver;
        private readonly FakeQueue[] _queues;
        private readonly Dictionary<int, ulong> _buffers = [];

        public ControlGuest(FakeDriver driver, FakeQueue[] queues)
        {
            (_driver, _queues) = (driver, queues);
            for (int i = 0; i < 16; i++) Provide();
            _queues[2].Kick();
        }

        public static byte[] Message(uint port, ushort kind, ushort value)
        {
            byte[] message = new byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(message, port);
            BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), kind);
            BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), value);
            return message;
        }

        public List<string> Say(uint port, ushort kind, ushort value)
        {
            Send(_driver, _queues[3], Message(port, kind, value));
            return Heard();
        }

        public List<string> Heard()
        {
            var heard = new List<string>();
            while (_queues[2].TryTake(out int id, out uint used))
            {
                _buffers.Remove(id, out ulong buffer);
                heard.Add(Decode(_driver.Bytes(buffer, (int)used)));
                Provide();
                _queues[2].Kick();
            }

            return heard;
        }

        private void Provide()
        {
            ulong buffer = _driver.Allocate(64);
            _buffers[_queues[2].Add(new Element(buffer, 64, true))] = buffer;
        }

        private static string Decode(byte[] message)
        {
            uint port = BinaryPrimitives.ReadUInt32LittleEndian(message);
            int value = BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(6));
            return BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4)) switch
            {
                1 => $"add {port}",
                4 => $"console {port} = {value}",
                5 => $"resize {port} {BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(8))}x{BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(10))}",
                6 => $"open {port} = {value}",
                7 => $"name {port} {Encoding.UTF8.GetString(message.AsSpan(8))}",
                ushort other => $"unknown {other}",
            };
        }
    }
}
