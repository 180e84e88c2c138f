using System.Diagnostics;
using Doppel.Core.Trace;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>A driver that breaks its rings gets a device that needs a reset, and nothing else happens.</summary>
public class MalformedRingTests
{
    private const ushort Next = 1;
    private const ushort Write = 2;
    private const ushort Indirect = 4;

    /// <summary>Each spoils a split queue of 16 in its own way; descriptors 0 to 3 are free.</summary>
    public static TheoryData<string> SplitFaults => [.. SplitSpoilers.Keys];

    public static TheoryData<string> PackedFaults => [.. PackedSpoilers.Keys];

    private static readonly Dictionary<string, Action<FakeDriver, SplitFakeQueue>> SplitSpoilers = new()
    {
        ["head outside of the table"] = (_, queue) => queue.Offer(16),
        ["next outside of the table"] = (driver, queue) => Chain(driver, queue, (driver.Place([1]), 1, Next, 16)),
        ["loop"] = (driver, queue) => Chain(driver, queue, (driver.Place([1]), 1, Next, 1), (driver.Place([1]), 1, Next, 0)),
        ["loop to itself"] = (driver, queue) => Chain(driver, queue, (driver.Place([1]), 1, Next, 0)),
        ["outside of RAM"] = (driver, queue) => Chain(driver, queue, (0x1000, 1, 0, 0)),
        ["device registers"] = (driver, queue) => Chain(driver, queue, (FakeDriver.Slot, 4, Write, 0)),
        ["over the end of RAM"] = (driver, queue) => Chain(driver, queue, (FakeDriver.Ram + FakeDriver.RamLength - 4, 8, 0, 0)),
        ["address wraps around"] = (driver, queue) => Chain(driver, queue, (ulong.MaxValue - 3, 8, 0, 0)),
        ["length of 4 GiB - 1"] = (driver, queue) => Chain(driver, queue, (FakeDriver.Ram, -1, 0, 0)),
        ["readable after writable"] = (driver, queue) => Chain(driver, queue, (driver.Place([1]), 1, Write | Next, 1), (driver.Place([1]), 1, 0, 0)),
        ["available index too far ahead"] = (_, queue) => queue.Write16(queue.DriverArea + 2, 17),
        ["available index behind"] = (_, queue) => queue.Write16(queue.DriverArea + 2, 0xffff),
        ["indirect with next"] = (driver, queue) => Chain(driver, queue, (driver.Allocate(16), 16, Indirect | Next, 1)),
        ["indirect table of no bytes"] = (driver, queue) => Chain(driver, queue, (driver.Allocate(16), 0, Indirect, 0)),
        ["indirect table of 17 bytes"] = (driver, queue) => Chain(driver, queue, (driver.Allocate(32), 17, Indirect, 0)),
        ["indirect table outside of RAM"] = (driver, queue) => Chain(driver, queue, (0x1000, 16, Indirect, 0)),
        ["indirect within indirect"] = (driver, queue) =>
        {
            ulong table = driver.Allocate(16);
            queue.WriteDescriptor(table, 0, table, 16, (Indirect, 0));
            Chain(driver, queue, (table, 16, Indirect, 0));
        },
        ["loop in an indirect table"] = (driver, queue) =>
        {
            ulong table = driver.Allocate(32);
            queue.WriteDescriptor(table, 0, driver.Place([1]), 1, (Next, 1));
            queue.WriteDescriptor(table, 1, driver.Place([1]), 1, (Next, 0));
            Chain(driver, queue, (table, 32, Indirect, 0));
        },
        ["indirect chain too long"] = (driver, queue) =>
        {
            ulong table = driver.Allocate(16 * 2000);
            for (int i = 0; i < 2000; i++) queue.WriteDescriptor(table, i, FakeDriver.Ram, 1, (i == 1999 ? (ushort)0 : Next, (ushort)(i + 1)));
            Chain(driver, queue, (table, 16 * 2000, Indirect, 0));
        },
        ["chain of more than 4 GiB"] = (driver, queue) =>
        {
            ulong table = driver.Allocate(16 * 300);
            for (int i = 0; i < 300; i++) queue.WriteDescriptor(table, i, FakeDriver.Ram, 16 << 20, (i == 299 ? (ushort)0 : Next, (ushort)(i + 1)));
            Chain(driver, queue, (table, 16 * 300, Indirect, 0));
        },
    };

    private static readonly Dictionary<string, Action<FakeDriver, PackedFakeQueue>> PackedSpoilers = new()
    {
        ["chain longer than the ring"] = (driver, queue) =>
        {
            for (int i = 0; i < 16; i++) queue.WriteDescriptor(queue.DescriptorArea, i, FakeDriver.Ram, 1, (0, Next | 1 << 7));
        },
        ["outside of RAM"] = (_, queue) => queue.Offer([new Element(0x1000, 4, false)], [0]),
        ["readable after writable"] = (driver, queue) =>
            queue.Offer([new Element(driver.Place([1]), 1, true), new Element(driver.Place([1]), 1, false)], [Write | Next, 0]),
        ["indirect with next"] = (driver, queue) => queue.Offer([new Element(driver.Allocate(16), 16, false)], [Indirect | Next]),
        ["indirect at the end of a chain"] = (driver, queue) =>
            queue.Offer([new Element(driver.Place([1]), 1, false), new Element(driver.Allocate(16), 16, false)], [Next, Indirect]),
        ["indirect table of 8 bytes"] = (driver, queue) => queue.Offer([new Element(driver.Allocate(16), 8, false)], [Indirect]),
        ["indirect table outside of RAM"] = (_, queue) => queue.Offer([new Element(0x1000, 16, false)], [Indirect]),
        ["indirect table over the end of the address space"] = (_, queue) => queue.Offer([new Element(ulong.MaxValue - 15, 1 << 20, false)], [Indirect]),
        ["indirect table too long"] = (driver, queue) => queue.Offer([new Element(FakeDriver.Ram, 16 * 1025, false)], [Indirect]),
    };

    [Theory]
    [MemberData(nameof(SplitFaults))]
    public void Split_ring_broken_needs_a_reset(string fault)
    {
        var trace = new WarningTrace();
        using var driver = new FakeDriver(new EchoDevice(), trace);
        var queue = (SplitFakeQueue)driver.Start(packed: false)[0];
        SplitSpoilers[fault](driver, queue);
        CheckNeedsReset(driver, queue, trace);
    }

    [Theory]
    [MemberData(nameof(PackedFaults))]
    public void Packed_ring_broken_needs_a_reset(string fault)
    {
        var trace = new WarningTrace();
        using var driver = new FakeDriver(new EchoDevice(), trace);
        var queue = (PackedFakeQueue)driver.Start(packed: true)[0];
        PackedSpoilers[fault](driver, queue);
        CheckNeedsReset(driver, queue, trace);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Indirect_without_the_feature_needs_a_reset(bool packed)
    {
        var trace = new WarningTrace();
        using var driver = new FakeDriver(new EchoDevice(), trace);
        FakeQueue queue = driver.Start(packed, VirtioFeature.RingIndirectDesc)[0];
        queue.AddIndirect(new Element(driver.Place([1]), 1, false));
        CheckNeedsReset(driver, queue, trace);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void More_buffers_than_the_queue_holds_need_a_reset(bool packed)
    {
        var device = new EchoDevice { Hold = true };
        using var driver = new FakeDriver(device);
        FakeQueue queue = driver.Start(packed)[0];
        Element element = new(driver.Place([1]), 1, false);
        for (int i = 0; i < 16; i++) queue.Add(element);
        queue.Notify();
        Assert.Equal(16, device.Held.Count);
        Assert.False(driver.NeedsReset);

        // The driver takes none back and offers again what the device still has.
        if (queue is SplitFakeQueue split) split.Offer(0);
        else queue.WriteDescriptor(queue.DescriptorArea, 0, element.Address, 1, (0, 1 << 15));
        queue.Notify();
        Assert.True(driver.NeedsReset);
        Assert.Equal(16, device.Held.Count);
        driver.Mmio.Enter(device.Release);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Random_rings_that_change_while_they_are_read_never_throw_or_hang(bool packed, int seed)
    {
        var random = new Random(seed);
        using var driver = new FakeDriver(new EchoDevice());
        bool done = false;
        FakeQueue? current = null;

        // Another processor of the guest, scribbling over the rings.
        var scribbler = new Thread(() =>
        {
            var own = new Random(seed + 1000);
            while (!Volatile.Read(ref done))
            {
                if (Volatile.Read(ref current) is { } queue) Scribble(own, driver, queue);
            }
        });
        scribbler.Start();
        long start = Stopwatch.GetTimestamp();
        int resets = 0;
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1))
        {
            driver.Write(MmioRegister.Status, 0);
            FakeQueue queue = driver.Start(packed)[0];
            for (int i = 0; i < 30; i++) Scribble(random, driver, queue);
            Volatile.Write(ref current, queue);
            for (int i = 0; i < 200 && !driver.NeedsReset; i++) queue.Notify();
            if (driver.NeedsReset) resets++;
            Volatile.Write(ref current, null);
            driver.FreeAll();
        }

        Volatile.Write(ref done, true);
        scribbler.Join();
        Assert.Equal(0, driver.Mmio.DeviceFaults.Value);
        Assert.InRange(resets, 1, int.MaxValue);
    }

    /// <summary>Writes something half plausible into the rings.</summary>
    private static void Scribble(Random random, FakeDriver driver, FakeQueue queue)
    {
        ulong address = random.Next(8) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => queue.DescriptorArea,
            2 => FakeDriver.Ram + FakeDriver.RamLength - (ulong)random.Next(64),
            _ => FakeDriver.Ram + (FakeDriver.RamLength / 2) + (ulong)random.Next(1 << 16),
        };
        int length = random.Next(6) == 0 ? random.Next() : random.Next(4) * 16;
        ushort flags = (ushort)random.Next(8);
        ushort link = (ushort)random.Next(20);
        int entry = random.Next(queue.Size);
        bool packed = queue is PackedFakeQueue;
        ushort wrap = (ushort)(random.Next(2) == 0 ? 1 << 7 : 1 << 15);
        queue.WriteDescriptor(queue.DescriptorArea, entry, address, length, packed ? (link, (ushort)(flags | wrap)) : (flags, link));
        // The same as a table, where indirect descriptors find it.
        queue.WriteDescriptor(FakeDriver.Ram + (FakeDriver.RamLength / 2), random.Next(1 << 12), address, length, (flags, link));
        if (packed) return;
        queue.Write16(queue.DriverArea + 4 + 2UL * (uint)random.Next(17), link);
        queue.Write16(queue.DriverArea + 2, (ushort)(queue.Read16(queue.DriverArea + 2) + random.Next(3)));
    }

    private static void Chain(FakeDriver driver, SplitFakeQueue queue, params (ulong Address, int Length, ushort Flags, ushort Next)[] descriptors)
    {
        for (int i = 0; i < descriptors.Length; i++)
            queue.WriteDescriptor(queue.DescriptorArea, i, descriptors[i].Address, descriptors[i].Length, (descriptors[i].Flags, descriptors[i].Next));
        queue.Offer(0);
    }

    private static void CheckNeedsReset(FakeDriver driver, FakeQueue queue, WarningTrace trace)
    {
        queue.Notify();
        Assert.True(driver.NeedsReset);
        Assert.Equal(2u, driver.TakeInterrupt());
        Assert.Equal(1, driver.Mmio.DriverErrors.Value);
        Assert.Contains("queue 0", Assert.Single(trace.Warnings));

        // Nothing more happens, however often it is asked.
        queue.Notify();
        Assert.Equal(0u, driver.TakeInterrupt());
        Assert.Equal(1, driver.Mmio.DriverErrors.Value);

        // And a reset helps.
        Element element = new(driver.Place([1]), 1, false);
        driver.Start(queue is PackedFakeQueue)[0].Run(element);
        Assert.False(driver.NeedsReset);
    }

    private sealed class WarningTrace : ITrace
    {
        public List<string> Warnings { get; } = [];

        public bool Enabled(TraceCategory category) => category == TraceCategory.Virtio;

        public void Write(TraceCategory category, string text)
        {
        }

        public void Warn(string text) => Warnings.Add(text);
    }
}
