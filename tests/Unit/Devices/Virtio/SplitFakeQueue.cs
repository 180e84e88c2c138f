namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>The driver's side of section 2.7.</summary>
internal sealed class SplitFakeQueue : FakeQueue
{
    private readonly Stack<ushort> _free = new();
    private readonly Dictionary<int, ushort[]> _chains = [];
    private ushort _available;
    private ushort _announced;
    private ushort _used;

    public SplitFakeQueue(FakeDriver driver, int index, ushort size)
        : base(driver, index, size)
    {
        DescriptorArea = driver.Allocate(16 * size);
        DriverArea = driver.Allocate(6 + 2 * size, 2);
        DeviceArea = driver.Allocate(6 + 8 * size, 4);
        for (int i = size - 1; i >= 0; i--) _free.Push((ushort)i);
    }

    public override int Add(params Element[] elements)
    {
        ushort[] chain = [.. elements.Select(_ => _free.Pop())];
        for (int i = 0; i < elements.Length; i++)
        {
            bool last = i == elements.Length - 1;
            ushort flags = (ushort)((elements[i].Writable ? 2 : 0) | (last ? 0 : 1));
            WriteDescriptor(DescriptorArea, chain[i], elements[i].Address, elements[i].Length, (flags, last ? (ushort)0 : chain[i + 1]));
        }

        _chains[chain[0]] = chain;
        Offer(chain[0]);
        return chain[0];
    }

    public override int AddIndirect(params Element[] elements)
    {
        ulong table = Table(elements, i =>
        {
            bool last = i == elements.Length - 1;
            return ((ushort)((elements[i].Writable ? 2 : 0) | (last ? 0 : 1)), (ushort)(last ? 0 : i + 1));
        });
        ushort head = _free.Pop();
        WriteDescriptor(DescriptorArea, head, table, 16 * elements.Length, (4, 0));
        _chains[head] = [head];
        Offer(head);
        return head;
    }

    /// <summary>Puts a head into the available ring, whatever it is.</summary>
    public void Offer(ushort head)
    {
        Write16(DriverArea + 4 + 2UL * (ushort)(_available % Size), head);
        Volatile.WriteBarrier();
        Write16(DriverArea + 2, ++_available);
    }

    public override bool TryTake(out int id, out uint used)
    {
        (id, used) = (0, 0);
        if (Read16(DeviceArea + 2) == _used) return false;
        Volatile.ReadBarrier();
        ulong element = DeviceArea + 4 + 8UL * (ushort)(_used % Size);
        Assert.True(Memory.TryReadUInt32(element, out uint head));
        Assert.True(Memory.TryReadUInt32(element + 4, out used));
        _used++;
        Assert.True(_chains.Remove((int)head, out ushort[]? chain), "the device returned a buffer that it did not have");
        foreach (ushort descriptor in chain.Reverse()) _free.Push(descriptor);
        id = (int)head;
        return true;
    }

    public override bool WantsNotification()
    {
        ushort before = _announced;
        _announced = _available;
        if (!EventIdx) return (Read16(DeviceArea) & 1) == 0;
        ushort wanted = Read16(DeviceArea + 4 + 8UL * Size);
        return (ushort)(_available - wanted - 1) < (ushort)(_available - before);
    }

    public override void WantInterrupts(bool wanted)
    {
        if (EventIdx) Write16(DriverArea + 4 + 2UL * Size, wanted ? _used : (ushort)(_used - 1));
        else Write16(DriverArea, (ushort)(wanted ? 0 : 1));
        Interlocked.MemoryBarrier();
    }
}
