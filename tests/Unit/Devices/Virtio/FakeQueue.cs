using System.Diagnostics;
using Doppel.Core.Memory;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>One element of a buffer.</summary>
internal readonly record struct Element(ulong Address, int Length, bool Writable);

/// <summary>A virtqueue from the driver's side.</summary>
internal abstract class FakeQueue(FakeDriver driver, int index, ushort size)
{
    protected FakeDriver Driver => driver;

    protected GuestMemory Memory => driver.Memory;

    protected bool EventIdx => (driver.Features & VirtioFeature.RingEventIdx) != 0;

    public int Index => index;

    public ushort Size => size;

    public ulong DescriptorArea { get; set; }

    public ulong DriverArea { get; set; }

    public ulong DeviceArea { get; set; }

    /// <summary>How often the device was notified.</summary>
    public int Notifications { get; private set; }

    /// <summary>Makes a buffer available; tells nobody.</summary>
    /// <returns>What <see cref="TryTake"/> calls it.</returns>
    public abstract int Add(params Element[] elements);

    /// <summary>As <see cref="Add"/>, with an indirect table.</summary>
    public abstract int AddIndirect(params Element[] elements);

    /// <summary>Takes a used buffer.</summary>
    public abstract bool TryTake(out int id, out uint used);

    /// <summary>Whether the device wants to be notified of what was added last.</summary>
    public abstract bool WantsNotification();

    /// <summary>Asks for an interrupt at the next used buffer, or for none.</summary>
    public abstract void WantInterrupts(bool wanted);

    /// <summary>Notifies the device if it wants that.</summary>
    public void Kick()
    {
        Interlocked.MemoryBarrier();
        if (WantsNotification()) Notify();
    }

    public void Notify()
    {
        Notifications++;
        driver.Write(MmioRegister.QueueNotify, (uint)index);
    }

    /// <summary>Waits for a used buffer.</summary>
    public (int Id, uint Used) Take()
    {
        long start = Stopwatch.GetTimestamp();
        int id;
        uint used;
        while (!TryTake(out id, out used))
        {
            Assert.False(driver.NeedsReset, "the device needs a reset");
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "the device does not answer");
            Thread.Yield();
        }

        return (id, used);
    }

    /// <summary>Sends one buffer and waits for its return.</summary>
    public uint Run(params Element[] elements)
    {
        int id = Add(elements);
        Kick();
        (int taken, uint used) = Take();
        Assert.Equal(id, taken);
        return used;
    }

    public ushort Read16(ulong address)
    {
        Assert.True(Memory.TryReadUInt16(address, out ushort value));
        return value;
    }

    public void Write16(ulong address, ushort value) => Assert.True(Memory.TryWriteUInt16(address, value));

    protected ulong Table(Element[] elements, Func<int, (ushort Third, ushort Fourth)> rest)
    {
        ulong table = driver.Allocate(16 * elements.Length);
        for (int i = 0; i < elements.Length; i++) WriteDescriptor(table, i, elements[i].Address, elements[i].Length, rest(i));
        return table;
    }

    public void WriteDescriptor(ulong table, int entry, ulong address, int length, (ushort Third, ushort Fourth) rest)
    {
        ulong at = table + 16UL * (uint)entry;
        Assert.True(Memory.TryWriteUInt64(at, address));
        Assert.True(Memory.TryWriteUInt32(at + 8, (uint)length));
        Write16(at + 12, rest.Third);
        Write16(at + 14, rest.Fourth);
    }
}
