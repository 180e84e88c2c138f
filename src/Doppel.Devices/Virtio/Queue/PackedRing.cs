// Virtual I/O Device (VIRTIO) Version 1.2, section 2.8 "Packed Virtqueues".
using System.Buffers.Binary;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>One ring of descriptors that driver and device overwrite in turn, and an event suppression structure for each side.</summary>
internal sealed class PackedRing(RingLayout layout, GuestMemory memory, ulong features) : Ring(layout, memory, features)
{
    private const ushort FlagAvailable = 1 << 7;
    private const ushort FlagUsed = 1 << 15;
    private const uint EventDisable = 1;
    private const uint EventDescriptor = 2;
    private const int MaxSize = 32768;
    private ushort _nextAvailable;
    private bool _availableWrap = true;
    private ushort _nextUsed;
    private bool _usedWrap = true;
    private int _outstandingDescriptors;
    private bool _suppressed;

    public static string? Check(RingLayout layout, GuestMemory memory)
    {
        if (layout.Size is 0 or > MaxSize) return $"queue size {layout.Size}";
        // Section 2.8.10.1, table of sizes and alignments.
        return CheckArea(memory, "descriptor ring", layout.DescriptorArea, 16UL * layout.Size, 16)
            ?? CheckArea(memory, "driver event suppression", layout.DriverArea, 4, 4)
            ?? CheckArea(memory, "device event suppression", layout.DeviceArea, 4, 4);
    }

    public override PopResult Pop(DescriptorChain chain)
    {
        ushort flags = Flags(_nextAvailable);
        if (!IsAvailable(flags))
        {
            AskForNotification();
            flags = Flags(_nextAvailable);
            if (!IsAvailable(flags)) return PopResult.Empty;
        }

        Volatile.ReadBarrier();
        if (Walk(chain, flags) is { } error) return Malformed(error);
        if (_outstandingDescriptors + chain.RingDescriptors > Layout.Size) return Malformed("more buffers made available than the queue holds");
        _outstandingDescriptors += chain.RingDescriptors;
        Advance(ref _nextAvailable, ref _availableWrap, chain.RingDescriptors);
        if (!EventIdx) Suppress();
        return PopResult.Popped;
    }

    public override void PutBack(DescriptorChain chain)
    {
        _outstandingDescriptors -= chain.RingDescriptors;
        int previous = _nextAvailable - chain.RingDescriptors;
        if (previous < 0)
        {
            previous += Layout.Size;
            _availableWrap = !_availableWrap;
        }

        _nextAvailable = (ushort)previous;
    }

    public override bool Push(ReadOnlySpan<UsedChain> all)
    {
        // The driver goes from one descriptor to the next and stops at one that is not used: the first is marked last.
        (ushort first, bool firstWrap) = (_nextUsed, _usedWrap);
        int descriptors = 0;
        Span<byte> lengthAndId = stackalloc byte[6];
        for (int i = 0; i < all.Length; i++)
        {
            (DescriptorChain chain, uint used) = all[i];
            ulong address = Layout.DescriptorArea + Descriptor.Size * _nextUsed;
            BinaryPrimitives.WriteUInt32LittleEndian(lengthAndId, used);
            BinaryPrimitives.WriteUInt16LittleEndian(lengthAndId[4..], chain.Id);
            Memory.TryWrite(address + 8, lengthAndId);
            if (i > 0) MarkUsed(_nextUsed, _usedWrap, used);
            Advance(ref _nextUsed, ref _usedWrap, chain.RingDescriptors);
            descriptors += chain.RingDescriptors;
        }

        Volatile.WriteBarrier();
        MarkUsed(first, firstWrap, all[0].Used);
        _outstandingDescriptors -= descriptors;

        // As in the split ring: publish, full barrier, then look at what the driver wants.
        Interlocked.MemoryBarrier();
        uint wish = Read32(Layout.DriverArea);
        uint kind = wish >> 16 & 3;
        if (kind == EventDescriptor && EventIdx)
        {
            ushort wanted = (ushort)(wish & 0x7fff);
            if ((wish >> 15 & 1) != 0 != _usedWrap) wanted -= Layout.Size;
            return Passes(wanted, (ushort)(_nextUsed - descriptors), _nextUsed);
        }

        return kind != EventDisable;
    }

    public override void Save(SnapshotWriter writer)
    {
        writer.Write("next-available", _nextAvailable);
        writer.Write("available-wrap", _availableWrap);
        writer.Write("next-used", _nextUsed);
        writer.Write("used-wrap", _usedWrap);
        writer.Write("suppressed", _suppressed);
    }

    public override void Load(SnapshotReader reader)
    {
        _nextAvailable = (ushort)reader.GetUInt64("next-available", 0, Layout.Size - 1UL);
        _availableWrap = reader.GetBoolean("available-wrap", true);
        _nextUsed = (ushort)reader.GetUInt64("next-used", 0, Layout.Size - 1UL);
        _usedWrap = reader.GetBoolean("used-wrap", true);
        _suppressed = reader.GetBoolean("suppressed");
    }

    private void MarkUsed(ushort index, bool wrap, uint used) =>
        Memory.TryWriteUInt16(Layout.DescriptorArea + Descriptor.Size * index + 14, (ushort)((wrap ? FlagAvailable | FlagUsed : 0) | (used > 0 ? Descriptor.FlagWrite : 0)));

    private ushort Flags(ushort index) => Read16(Layout.DescriptorArea + Descriptor.Size * index + 14);

    private bool IsAvailable(ushort flags) => (flags & FlagAvailable) != 0 == _availableWrap && (flags & FlagUsed) != 0 != _availableWrap;

    /// <summary>Takes the chain at the head; the flags of its first descriptor were read already and are not read again.</summary>
    private string? Walk(DescriptorChain chain, ushort flags)
    {
        int index = _nextAvailable;
        while (true)
        {
            if (!Descriptor.TryRead(Memory, Layout.DescriptorArea + Descriptor.Size * (uint)index, out Descriptor descriptor)) return "descriptor ring outside of RAM";
            if (chain.RingDescriptors++ > 0) flags = descriptor.Fourth;
            if (chain.RingDescriptors > Layout.Size) return "descriptor chain longer than the ring";
            chain.Id = descriptor.Third;
            if ((flags & Descriptor.FlagIndirect) != 0)
            {
                if (!Indirect) return "indirect descriptor, but the feature was not negotiated";
                if (chain.RingDescriptors > 1 || (flags & Descriptor.FlagNext) != 0) return "indirect descriptor in a chain";
                return WalkTable(chain, descriptor);
            }

            if (chain.Add(descriptor.Address, descriptor.Length, (flags & Descriptor.FlagWrite) != 0) is { } error) return error;
            if ((flags & Descriptor.FlagNext) == 0) return null;
            index = index + 1 == Layout.Size ? 0 : index + 1;
        }
    }

    /// <summary>An indirect table is used from its first to its last entry; only the write flag counts in it (section 2.8.7).</summary>
    private string? WalkTable(DescriptorChain chain, Descriptor table)
    {
        if (table.Length == 0 || table.Length % Descriptor.Size != 0) return $"indirect table of {table.Length} bytes";
        if (table.Length / Descriptor.Size > DescriptorChain.MaxSegments) return "descriptor chain too long";
        if (!Memory.Contains(table.Address, table.Length)) return $"indirect table outside of RAM at 0x{table.Address:x}";
        for (uint offset = 0; offset < table.Length; offset += Descriptor.Size)
        {
            if (!Descriptor.TryRead(Memory, table.Address + offset, out Descriptor descriptor)) return $"indirect table outside of RAM at 0x{table.Address:x}";
            if (chain.Add(descriptor.Address, descriptor.Length, (descriptor.Fourth & Descriptor.FlagWrite) != 0) is { } error) return error;
        }

        return null;
    }

    private void Advance(ref ushort index, ref bool wrap, int count)
    {
        int next = index + count;
        if (next >= Layout.Size)
        {
            next -= Layout.Size;
            wrap = !wrap;
        }

        index = (ushort)next;
    }

    private void AskForNotification()
    {
        if (EventIdx) WriteDeviceEvent(EventDescriptor << 16 | (_availableWrap ? 1u << 15 : 0) | _nextAvailable);
        else if (_suppressed) WriteDeviceEvent(0);
        _suppressed = false;
        Interlocked.MemoryBarrier();
    }

    private void Suppress()
    {
        if (_suppressed) return;
        _suppressed = true;
        WriteDeviceEvent(EventDisable << 16);
    }

    private void WriteDeviceEvent(uint value) => Memory.TryWriteUInt32(Layout.DeviceArea, value);
}
