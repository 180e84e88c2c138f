using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

public class VirtioQueueTests
{
    public static TheoryData<bool, bool> Layouts => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Queue_chains_of_all_lengths_come_back_over_many_rounds(bool packed, bool eventIdx)
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = Start(driver, packed, eventIdx);
        ulong source = driver.Place([.. Enumerable.Range(1, 64).Select(i => (byte)i)]);
        ulong target = driver.Allocate(64);
        for (int round = 0; round < 500; round++)
        {
            int readable = round % 7 + 1;
            int writable = round % 3 + 1;
            Element[] elements =
            [
                .. Enumerable.Range(0, readable).Select(i => new Element(source + (ulong)i * 3, 3, false)),
                .. Enumerable.Range(0, writable).Select(i => new Element(target + (ulong)i * 5, 5, true)),
            ];
            Assert.True(driver.Memory.TryFill(target, 64, 0));
            int id = round % 2 == 0 ? queue.Add(elements) : queue.AddIndirect(elements);
            queue.Kick();
            (int taken, uint used) = queue.Take();
            int copied = Math.Min(readable * 3, writable * 5);
            Assert.Equal(id, taken);
            Assert.Equal((uint)copied, used);
            Assert.Equal(Enumerable.Range(1, copied).Select(i => (byte)i), driver.Bytes(target, copied));
            Assert.Equal(0, driver.Bytes(target, 64)[copied]);
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Queue_full_ring_is_processed_in_order(bool packed, bool eventIdx)
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = Start(driver, packed, eventIdx);
        ulong byteAddress = driver.Place([1]);
        for (int round = 0; round < 20; round++)
        {
            int[] ids = [.. Enumerable.Range(0, queue.Size).Select(_ => queue.Add(new Element(byteAddress, 1, false)))];
            queue.Kick();
            Assert.Equal(ids, ids.Select(_ => queue.Take().Id));
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Interrupts_unwanted_are_not_sent_and_wanted_ones_are(bool packed, bool eventIdx)
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = Start(driver, packed, eventIdx);
        Element element = new(driver.Place([1]), 1, false);
        for (int i = 0; i < 100; i++)
        {
            queue.WantInterrupts(false);
            queue.Run(element);
            Assert.Equal(0u, driver.TakeInterrupt());
            queue.WantInterrupts(true);
            queue.Run(element);
            Assert.Equal(1u, driver.TakeInterrupt());
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Notifications_are_asked_for_only_when_the_device_has_emptied_the_ring(bool packed, bool eventIdx)
    {
        var device = new EchoDevice();
        using var driver = new FakeDriver(device);
        FakeQueue queue = Start(driver, packed, eventIdx);
        Element element = new(driver.Place([1]), 1, false);
        queue.Run(element);
        Assert.Equal(1, queue.Notifications);

        // The machine is paused: the device does not look, so the second buffer needs no second notification.
        driver.Mmio.QuiesceAsync();
        queue.Add(element);
        queue.Kick();
        Assert.Equal(2, queue.Notifications);
        if (eventIdx)
        {
            queue.Add(element);
            queue.Kick();
            Assert.Equal(2, queue.Notifications);
        }

        driver.Mmio.Resume();
        queue.Take();
        queue.Add(element);
        queue.Kick();
        queue.Take();
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Interrupts_are_not_lost_between_the_drivers_question_and_the_devices_answer(bool packed, bool eventIdx)
    {
        using var driver = new FakeDriver(new EchoDevice { Later = true });
        FakeQueue queue = Start(driver, packed, eventIdx);
        Element element = new(driver.Place([1]), 1, false);
        var random = new Random(5);
        for (int round = 0; round < 3000; round++)
        {
            int added = random.Next(1, 5);
            for (int i = 0; i < added; i++) queue.Add(element);
            queue.Kick();
            for (int taken = 0; taken < added;)
            {
                // As a driver does: take what is there, ask for an interrupt, look once more, then sleep.
                if (queue.TryTake(out _, out _))
                {
                    taken++;
                    continue;
                }

                queue.WantInterrupts(true);
                if (queue.TryTake(out _, out _)) taken++;
                else Assert.True(SpinWait.SpinUntil(() => driver.Line.Level, TimeSpan.FromSeconds(10)), "an interrupt was lost");
                driver.TakeInterrupt();
                queue.WantInterrupts(false);
            }
        }
    }

    [Fact]
    public void Used_index_wraps_at_65536()
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = Start(driver, packed: false, eventIdx: true);
        Element element = new(driver.Place([1]), 1, false);
        for (int i = 0; i < 66_000; i++)
        {
            queue.Add(element);
            queue.Notify();
            Assert.True(queue.TryTake(out _, out _));
        }

        Assert.False(driver.NeedsReset);
    }

    [Fact]
    public void Packed_ring_may_have_any_size()
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = driver.Start(packed: true, size: 7)[0];
        Element element = new(driver.Place([1]), 1, false);
        for (int i = 0; i < 50; i++) queue.Run(element, element, element);
    }

    [Fact]
    public void Split_direct_descriptors_may_end_in_an_indirect_one()
    {
        using var driver = new FakeDriver(new EchoDevice());
        var queue = (SplitFakeQueue)Start(driver, packed: false, eventIdx: true);
        ulong target = driver.Allocate(4);
        ulong table = driver.Allocate(16);
        queue.WriteDescriptor(table, 0, target, 4, (2, 0));
        int head = queue.Add(new Element(driver.Place([8, 9]), 2, false), new Element(table, 16, false));
        queue.WriteDescriptor(queue.DescriptorArea, 1, table, 16, (4 | 2, 0));
        queue.Notify();
        Assert.Equal((head, 2u), queue.Take());
        Assert.Equal([8, 9, 0, 0], driver.Bytes(target, 4));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Element_of_no_bytes_is_passed_over(bool packed, bool eventIdx)
    {
        using var driver = new FakeDriver(new EchoDevice());
        FakeQueue queue = Start(driver, packed, eventIdx);
        ulong target = driver.Allocate(2);
        Assert.Equal(2u, queue.Run(new Element(0, 0, false), new Element(driver.Place([1, 2]), 2, false), new Element(0, 0, true), new Element(target, 2, true)));
    }

    [Fact]
    public void Ring_of_a_guest_that_adds_as_fast_as_the_device_takes_does_not_hold_the_vcpu()
    {
        var device = new RefillingDevice();
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed: false)[0];
        ulong byteAddress = driver.Place([1]);
        device.Between = () =>
        {
            queue.TryTake(out _, out _);
            queue.Add(new Element(byteAddress, 1, false));
        };
        queue.Add(new Element(byteAddress, 1, false));
        queue.Notify();
        Assert.InRange(device.LongestTurn, 1, 1000);
        // Work goes on from the pool; another turn comes without a notification.
        Assert.True(SpinWait.SpinUntil(() => device.TurnCount > 2, TimeSpan.FromSeconds(10)));
        driver.Write(MmioRegister.Status, 0);
    }

    private static FakeQueue Start(FakeDriver driver, bool packed, bool eventIdx) =>
        driver.Start(packed, eventIdx ? 0 : VirtioFeature.RingEventIdx)[0];
}
