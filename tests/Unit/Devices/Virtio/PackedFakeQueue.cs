namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>The driver's side of section 2.8.</summary>
internal sealed class PackedFakeQueue : FakeQueue
{
    private readonly Stack<ushort> _ids = new();
    private readonly Dictionary<int, int> _lengths = [];
    private ushort _next;
    private bool _wrap = true;
    private ushort _used;
    private bool _usedWrap = true;
    private int _added;

    public PackedFakeQueue(FakeDriver driver, int index, ushort size)
        : base(driver, index, size)
    {
        DescriptorArea = driver.Allocate(16 * size);
        DriverArea = driver.Allocate(4, 4);
        DeviceArea = driver.Allocate(4, 4);
        for (int i = size - 1; i >= 0; i--) _ids.Push((ushort)i);
    }

    public override int Add(params Element[] elements) => Offer(elements, [.. elements.Select((element, i) =>
        (ushort)((element.Writable ? 2 : 0) | (i == elements.Length - 1 ? 0 : 1)))]);

    public override int AddIndirect(params Element[] elements)
    {
        ulong table = Table(elements, i => (0, (ushort)(elements[i].Writable ? 2 : 0)));
        return Offer([new Element(table, 16 * elements.Length, false)], [4]);
    }

    /// <summary>Makes a chain available with these flags, the first descriptor last.</summary>
    public int Offer(Element[] elements, ushort[] flags)
    {
        ushort id = _ids.Pop();
        _lengths[id] = elements.Length;
        ushort first = _next;
        ushort firstFlags = 0;
        for (int i = 0; i < elements.Length; i++)
        {
            ushort all = (ushort)(flags[i] | (_wrap ? 1 << 7 : 1 << 15));
            ulong at = DescriptorArea + 16UL * _next;
            Assert.True(Memory.TryWriteUInt64(at, elements[i].Address));
            Assert.True(Memory.TryWriteUInt32(at + 8, (uint)elements[i].Length));
            Write16(at + 12, id);
            if (i == 0) firstFlags = all;
            else Write16(at + 14, all);
            if (++_next == Size)
            {
                _next = 0;
                _wrap = !_wrap;
            }
        }

        Volatile.WriteBarrier();
        Write16(DescriptorArea + 16UL * first + 14, firstFlags);
        _added += elements.Length;
        return id;
    }

    public override bool TryTake(out int id, out uint used)
    {
        (id, used) = (0, 0);
        ulong at = DescriptorArea + 16UL * _used;
        ushort flags = Read16(at + 14);
        if ((flags & 1 << 7) != 0 != _usedWrap || (flags & 1 << 15) != 0 != _usedWrap) return false;
        Volatile.ReadBarrier();
        id = Read16(at + 12);
        Assert.True(Memory.TryReadUInt32(at + 8, out used));
        Assert.True(_lengths.Remove(id, out int length), "the device returned a buffer that it did not have");
        _ids.Push((ushort)id);
        int next = _used + length;
        if (next >= Size)
        {
            next -= Size;
            _usedWrap = !_usedWrap;
        }

        _used = (ushort)next;
        return true;
    }

    public override bool WantsNotification()
    {
        ushort before = (ushort)(_next - _added);
        _added = 0;
        Assert.True(Memory.TryReadUInt32(DeviceArea, out uint wish));
        uint kind = wish >> 16;
        if (kind != 2) return kind != 1;
        ushort wanted = (ushort)(wish & 0x7fff);
        if ((wish >> 15 & 1) != 0 != _wrap) wanted -= Size;
        return (ushort)(_next - wanted - 1) < (ushort)(_next - before);
    }

    public override void WantInterrupts(bool wanted)
    {
        uint wish = !wanted ? 1u << 16 : EventIdx ? 2u << 16 | (_usedWrap ? 1u << 15 : 0) | _used : 0;
        Assert.True(Memory.TryWriteUInt32(DriverArea, wish));
        Interlocked.MemoryBarrier();
    }
}
