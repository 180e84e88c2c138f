using Doppel.Core.DeviceTree;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioMmioTests
{
    private const ulong AllFeatures = VirtioFeature.Transport;

    [Fact]
    public void Registers_after_reset_have_the_specified_values()
    {
        using var driver = new FakeDriver(new EchoDevice());
        Assert.Equal(0x74726976u, driver.Read(MmioRegister.MagicValue));
        Assert.Equal(2u, driver.Read(MmioRegister.Version));
        Assert.Equal(42u, driver.Read(MmioRegister.DeviceId));
        Assert.Equal(0u, driver.Status);
        Assert.Equal(0u, driver.Read(MmioRegister.InterruptStatus));
        Assert.Equal(64u, driver.Read(MmioRegister.QueueSizeMax));
        Assert.Equal(uint.MaxValue, driver.Read(MmioRegister.ShmLenLow));
        Assert.Equal(uint.MaxValue, driver.Read(MmioRegister.ShmBaseHigh));
        Assert.Equal(0u, driver.Read(0x1fc - 0x100));
        Assert.Equal(AllFeatures | EchoDevice.Feature, driver.OfferedFeatures());
        driver.Write(MmioRegister.DeviceFeaturesSel, 2);
        Assert.Equal(0u, driver.Read(MmioRegister.DeviceFeatures));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Registers_other_widths_read_zero_and_write_nothing(int size)
    {
        using var driver = new FakeDriver(new EchoDevice());
        Assert.Equal(0ul, driver.Mmio.Read(MmioRegister.MagicValue, size));
        driver.Mmio.Write(MmioRegister.Status, size, 1);
        Assert.Equal(0u, driver.Status);
    }

    [Fact]
    public void Slot_empty_reads_magic_and_device_id_zero()
    {
        var slot = new EmptyVirtioMmio();
        Assert.Equal(0x74726976ul, slot.Read(MmioRegister.MagicValue, 4));
        Assert.Equal(2ul, slot.Read(MmioRegister.Version, 4));
        slot.Write(MmioRegister.Status, 4, 1);
        for (ulong offset = 8; offset < slot.Length; offset += 4)
        {
            if (offset != MmioRegister.VendorId) Assert.Equal(0ul, slot.Read(offset, 4));
        }
    }

    [Fact]
    public void Negotiation_without_version_1_is_refused()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Write(MmioRegister.Status, 3);
        driver.Write(MmioRegister.DriverFeaturesSel, 0);
        driver.Write(MmioRegister.DriverFeatures, (uint)EchoDevice.Feature);
        driver.Write(MmioRegister.Status, 3 | 8);
        Assert.Equal(3u, driver.Status);
        driver.Write(MmioRegister.Status, 3 | 4);
        Assert.Equal(3u, driver.Status);
    }

    [Fact]
    public void Negotiation_of_a_feature_that_was_not_offered_is_refused()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Write(MmioRegister.Status, 3);
        driver.Write(MmioRegister.DriverFeaturesSel, 1);
        driver.Write(MmioRegister.DriverFeatures, 1 | 1 << 1);
        driver.Write(MmioRegister.Status, 3 | 8);
        Assert.Equal(3u, driver.Status);
    }

    [Fact]
    public void Negotiation_features_written_after_features_ok_are_ignored()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Negotiate(VirtioFeature.Version1);
        driver.Write(MmioRegister.DriverFeaturesSel, 0);
        driver.Write(MmioRegister.DriverFeatures, (uint)VirtioFeature.RingEventIdx);
        Assert.False(driver.Mmio.Has(VirtioFeature.RingEventIdx));
        Assert.True(driver.Mmio.Has(VirtioFeature.Version1));
    }

    [Fact]
    public void Status_bits_cannot_be_cleared_but_by_a_reset()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Start(packed: false);
        driver.Write(MmioRegister.Status, 1);
        Assert.Equal(15u, driver.Status);
        driver.Write(MmioRegister.Status, 128 | 64 | 16);
        Assert.Equal(15u | 128, driver.Status);
        driver.Write(MmioRegister.Status, 0);
        Assert.Equal(0u, driver.Status);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReady));
    }

    [Fact]
    public void Queue_before_driver_ok_is_not_touched()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Negotiate(VirtioFeature.Version1);
        FakeQueue queue = driver.AddQueue(0);
        queue.Add(new Element(driver.Place([1]), 1, false));
        queue.Notify();
        Assert.False(queue.TryTake(out _, out _));
        driver.DriverOk();
        Assert.True(queue.TryTake(out _, out _));
    }

    [Fact]
    public void Queue_that_does_not_exist_has_size_zero_and_ignores_writes()
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Negotiate(VirtioFeature.Version1);
        driver.Write(MmioRegister.QueueSel, 7);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueSizeMax));
        driver.Write(MmioRegister.QueueReady, 1);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReady));
        driver.Write(MmioRegister.QueueNotify, 7);
        driver.Write(MmioRegister.QueueNotify, uint.MaxValue);
        Assert.False(driver.NeedsReset);
    }

    [Theory]
    [InlineData(12, 0, 0, 0)]
    [InlineData(128, 0, 0, 0)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(16, 8, 0, 0)]
    [InlineData(16, 0, 1, 0)]
    [InlineData(16, 0, 0, 2)]
    [InlineData(16, 0x4000_0000, 0, 0)]
    [InlineData(16, 0, 0x4000_0000, 0)]
    [InlineData(16, 0, 0, 0x4000_0000)]
    public void Queue_with_impossible_settings_needs_a_reset(uint size, uint descriptors, uint driverArea, uint deviceArea)
    {
        using var driver = new FakeDriver(new EchoDevice());
        driver.Negotiate(VirtioFeature.Version1);
        driver.Write(MmioRegister.QueueSize, size);
        driver.Write(MmioRegister.QueueDescLow, (uint)FakeDriver.Ram + descriptors);
        driver.Write(MmioRegister.QueueDriverLow, (uint)FakeDriver.Ram + 0x1000 + driverArea);
        driver.Write(MmioRegister.QueueDeviceLow, (uint)FakeDriver.Ram + 0x2000 + deviceArea);
        driver.Write(MmioRegister.QueueReady, 1);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReady));
        Assert.True(driver.NeedsReset);
        Assert.Equal(1, driver.Mmio.DriverErrors.Value);
        driver.Start(packed: false);
        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Queue_ready_cleared_is_left_alone()
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = driver.Start(packed: false)[0];
        driver.Write(MmioRegister.QueueSel, 0);
        driver.Write(MmioRegister.QueueReady, 0);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReady));
        queue.Add(new Element(driver.Place([1]), 1, false));
        queue.Notify();
        Assert.False(queue.TryTake(out _, out _));
    }

    [Fact]
    public void Interrupt_stays_until_acknowledged()
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = driver.Start(packed: false)[0];
        queue.Run(new Element(driver.Place([1]), 1, false));
        Assert.True(driver.Line.Level);
        driver.Write(MmioRegister.InterruptAck, 2);
        Assert.True(driver.Line.Level);
        Assert.Equal(1u, driver.TakeInterrupt());
        Assert.False(driver.Line.Level);
        Assert.Equal(0u, driver.Read(MmioRegister.InterruptStatus));
    }

    [Fact]
    public void Config_change_raises_bit_1_and_the_generation()
    {
        var device = new EchoDevice();
        using var driver = new FakeDriver(device);
        driver.Start(packed: false);
        uint generation = driver.Read(MmioRegister.ConfigGeneration);
        driver.Mmio.Enter(driver.Mmio.ConfigChanged);
        Assert.NotEqual(generation, driver.Read(MmioRegister.ConfigGeneration));
        Assert.Equal(2u, driver.TakeInterrupt());
    }

    [Fact]
    public void Config_space_is_read_by_any_width_and_ends()
    {
        using var driver = new FakeDriver(new EchoDevice());
        Assert.Equal(0x01ul, driver.ReadConfig(0, 1));
        Assert.Equal(0x0403ul, driver.ReadConfig(2, 2));
        Assert.Equal(0x04030201ul, driver.ReadConfig(0, 4));
        Assert.Equal(0x0605_0403_0201ul, driver.ReadConfig(0, 8));
        Assert.Equal(0x0605ul, driver.ReadConfig(4, 4));
        Assert.Equal(0ul, driver.ReadConfig(8, 8));
        driver.WriteConfig(4, 2, 0xbeef);
        driver.WriteConfig(4, 4, 0xffff_ffff);
        Assert.Equal(0xbeeful, driver.ReadConfig(4, 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reset_drops_what_the_device_still_holds(bool packed)
    {
        var device = new EchoDevice { Hold = true };
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed)[0];
        ulong address = driver.Place([5, 5]);
        queue.Add(new Element(address, 2, true));
        queue.Kick();
        driver.Write(MmioRegister.Status, 0);

        // The driver is back, with rings of its own, before the old buffer comes home.
        FakeQueue second = driver.Start(packed)[0];
        int id = second.Add(new Element(driver.Place([0]), 1, true));
        second.Notify();
        Assert.Single(device.Held);
        driver.Mmio.Enter(device.Release);
        Assert.False(queue.TryTake(out _, out _));
        Assert.Equal([5, 5], driver.Bytes(address, 2));

        // Only then is the new one taken.
        Assert.True(SpinWait.SpinUntil(() => device.Held.Count == 1, TimeSpan.FromSeconds(10)));
        driver.Mmio.Enter(device.Release);
        Assert.Equal(id, second.Take().Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Queue_reset_is_reported_as_long_as_the_device_holds_buffers(bool packed)
    {
        var device = new EchoDevice { Hold = true };
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed)[0];
        queue.Add(new Element(driver.Place([1]), 1, false));
        queue.Kick();
        driver.Write(MmioRegister.QueueSel, 0);
        driver.Write(MmioRegister.QueueReset, 1);
        Assert.Equal(1u, driver.Read(MmioRegister.QueueReset));
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReady));
        driver.Mmio.Enter(device.Release);
        Assert.Equal(0u, driver.Read(MmioRegister.QueueReset));
        device.Hold = false;
        driver.AddQueue(0).Run(new Element(driver.Place([1]), 1, false));
    }

    [Fact]
    public async Task Quiesce_waits_for_what_is_in_flight_and_takes_nothing_more()
    {
        var device = new EchoDevice { Hold = true };
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed: false)[0];
        queue.Add(new Element(driver.Place([1]), 1, false));
        queue.Kick();
        Task quiesce = driver.Mmio.QuiesceAsync();
        Assert.False(quiesce.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => Snapshot.SnapshotContract.Save(driver.Mmio));
        queue.Add(new Element(driver.Place([2]), 1, false));
        queue.Notify();
        driver.Mmio.Enter(device.Release);
        await quiesce.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(device.Held);
        Assert.True(queue.TryTake(out _, out _));

        uint generation = driver.Read(MmioRegister.ConfigGeneration);
        driver.TakeInterrupt();
        queue.WantInterrupts(true);
        driver.Mmio.Enter(driver.Mmio.ConfigChanged);
        Assert.Equal(0u, driver.Read(MmioRegister.InterruptStatus));
        device.Hold = false;
        driver.Mmio.Resume();
        Assert.True(queue.TryTake(out _, out _));
        Assert.NotEqual(generation, driver.Read(MmioRegister.ConfigGeneration));
        Assert.Equal(3u, driver.TakeInterrupt());
    }

    [Fact]
    public void Device_that_throws_is_isolated()
    {
        var device = new EchoDevice();
        using var driver = new FakeDriver(device);
        driver.Start(packed: false);
        System.Diagnostics.TraceListener[] listeners = [.. System.Diagnostics.Trace.Listeners.Cast<System.Diagnostics.TraceListener>()];
        System.Diagnostics.Trace.Listeners.Clear();
        try
        {
            driver.Mmio.Enter(() => throw new InvalidOperationException("ours"));
        }
        finally
        {
            System.Diagnostics.Trace.Listeners.AddRange(listeners);
        }

        Assert.Equal(1, driver.Mmio.DeviceFaults.Value);
        Assert.True(driver.NeedsReset);
    }

    [Fact]
    public void Describe_adds_a_node_that_drivers_bind_to()
    {
        using var driver = new FakeDriver(new EchoDevice());
        var soc = new DeviceTreeNode("soc");
        driver.Mmio.Describe(soc, 0x1000_1000, 3);
        DeviceTreeNode node = Assert.Single(soc.Children);
        Assert.Equal("virtio_mmio@10001000", node.Name);
        Assert.Equal("virtio,mmio\0"u8.ToArray(), node.Properties.Single(p => p.Name == "compatible").Value);
        Assert.Equal([0, 0, 0, 0, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0], node.Properties.Single(p => p.Name == "reg").Value);
        Assert.Equal([0, 0, 0, 3], node.Properties.Single(p => p.Name == "interrupts").Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Snapshot_keeps_the_contract(bool packed)
    {
        var drivers = new List<FakeDriver>();
        Snapshot.SnapshotContract.Check(
            () =>
            {
                drivers.Add(new FakeDriver(new EchoDevice()));
                return drivers[^1].Mmio;
            },
            mmio =>
            {
                FakeDriver driver = drivers.Single(driver => driver.Mmio == mmio);
                FakeQueue queue = driver.Start(packed)[0];
                queue.Run(new Element(driver.Place([1]), 1, false));
                driver.Write(MmioRegister.DeviceFeaturesSel, 1);
                driver.Write(MmioRegister.DriverFeaturesSel, 1);
                driver.Write(MmioRegister.QueueSel, 1);
                driver.WriteConfig(4, 2, 0x1234);
                driver.Mmio.Enter(driver.Mmio.ConfigChanged);
            });
        foreach (FakeDriver driver in drivers) driver.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Snapshot_loaded_device_goes_on_where_it_was(bool packed)
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = driver.Start(packed)[0];
        for (int i = 0; i < 23; i++) queue.Run(new Element(driver.Place([(byte)i]), 1, false));
        await driver.Mmio.QuiesceAsync();
        int id = queue.Add(new Element(driver.Place([99]), 1, false));
        queue.Kick();
        byte[] saved = Snapshot.SnapshotContract.Save(driver.Mmio);
        Assert.False(queue.TryTake(out _, out _));
        driver.Mmio.Reset();
        Assert.False(driver.Line.Level);
        Snapshot.SnapshotContract.Load(driver.Mmio, saved);
        Assert.True(driver.Line.Level);
        Assert.False(queue.TryTake(out _, out _));
        driver.Mmio.Resume();
        Assert.Equal(id, queue.Take().Id);
        queue.Run(new Element(driver.Place([1]), 1, false));
    }

    [Fact]
    public void Accesses_random_never_throw()
    {
        using var driver = new FakeDriver(new EchoDevice());
        DeviceFuzz.Run(driver.Mmio, 50_000);
    }
}
