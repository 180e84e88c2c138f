// Virtual I/O Device (VIRTIO) Version 1.2, section 2.7 "Split Virtqueues".
using System.Buffers.Binary;
using System.Numerics;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>Descriptor table, available ring and used ring.</summary>
internal sealed class SplitRing(RingLayout layout, GuestMemory memory, ulong features) : Ring(layout, memory, features)
{
    private const ushort NoInterrupt = 1;
    private const ushort NoNotify = 1;
    private const uint IndexOffset = 2;
    private const uint RingOffset = 4;
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private bool _suppressed;

    private ulong UsedEvent => Layout.DriverArea + RingOffset + 2UL * Layout.Size;

    private ulong AvailableEvent => Layout.DeviceArea + RingOffset + 8UL * Layout.Size;

    public static string? Check(RingLayout layout, GuestMemory memory)
    {
        if (!BitOperations.IsPow2(layout.Size)) return $"queue size {layout.Size} is not a power of two";
        // Section 2.7, table of sizes and alignments. The event fields are counted whether negotiated or not: drivers allocate them.
        return CheckArea(memory, "descriptor table", layout.DescriptorArea, 16UL * layout.Size, 16)
            ?? CheckArea(memory, "available ring", layout.DriverArea, 6 + 2UL * layout.Size, 2)
            ?? CheckArea(memory, "used ring", layout.DeviceArea, 6 + 8UL * layout.Size, 4);
    }

    public override PopResult Pop(DescriptorChain chain)
    {
        ushort available = Read16(Layout.DriverArea + IndexOffset);
        if (available == _nextAvailable)
        {
            // A buffer may arrive between finding none and asking for a notification: ask, then look again.
            AskForNotification();
            available = Read16(Layout.DriverArea + IndexOffset);
            if (available == _nextAvailable) return PopResult.Empty;
        }

        if ((ushort)(available - _nextAvailable) > Layout.Size) return Malformed($"available index {available} is more than {Layout.Size} ahead of {_nextAvailable}");
        if (Outstanding >= Layout.Size) return Malformed("more buffers made available than the queue holds");
        Volatile.ReadBarrier();
        ushort head = Read16(Layout.DriverArea + RingOffset + 2UL * (ushort)(_nextAvailable & (Layout.Size - 1)));
        chain.Id = head;
        if (Walk(chain, head) is { } error) return Malformed(error);
        _nextAvailable++;
        if (!EventIdx) Suppress();
        return PopResult.Popped;
    }

    public override void PutBack(DescriptorChain chain) => _nextAvailable--;

    public override bool Push(ReadOnlySpan<UsedChain> all)
    {
        ushort before = _nextUsed;
        Span<byte> element = stackalloc byte[8];
        foreach ((DescriptorChain chain, uint used) in all)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, chain.Id);
            BinaryPrimitives.WriteUInt32LittleEndian(element[4..], used);
            Memory.TryWrite(Layout.DeviceArea + RingOffset + 8UL * (ushort)(_nextUsed & (Layout.Size - 1)), element);
            _nextUsed++;
        }

        Volatile.WriteBarrier();
        Memory.TryWriteUInt16(Layout.DeviceArea + IndexOffset, _nextUsed);

        // The driver writes its wish and then reads our index; we write our index and then read its wish. Without a full barrier
        // both could miss the other's write, and an interrupt would be lost.
        Interlocked.MemoryBarrier();
        return EventIdx
            ? Passes(Read16(UsedEvent), before, _nextUsed)
            : (Read16(Layout.DriverArea) & NoInterrupt) == 0;
    }

    public override void Save(SnapshotWriter writer)
    {
        writer.Write("next-available", _nextAvailable);
        writer.Write("next-used", _nextUsed);
        writer.Write("suppressed", _suppressed);
    }

    public override void Load(SnapshotReader reader)
    {
        _nextAvailable = (ushort)reader.GetUInt64("next-available", 0, ushort.MaxValue);
        _nextUsed = (ushort)reader.GetUInt64("next-used", 0, ushort.MaxValue);
        _suppressed = reader.GetBoolean("suppressed");
    }

    /// <summary>Follows a chain from its head: table, then at most one indirect table at its end (section 2.7.5.3).</summary>
    private string? Walk(DescriptorChain chain, ushort index)
    {
        ulong table = Layout.DescriptorArea;
        uint entries = Layout.Size;
        uint steps = 0;
        bool indirect = false;
        while (true)
        {
            if (index >= entries) return $"descriptor {index} of a table of {entries}";
            if (steps++ >= Math.Min(entries, DescriptorChain.MaxSegments)) return "descriptor chain with a loop";
            if (!Descriptor.TryRead(Memory, table + Descriptor.Size * index, out Descriptor descriptor)) return "descriptor table outside of RAM";
            ushort flags = descriptor.Third;
            if ((flags & Descriptor.FlagIndirect) != 0)
            {
                if (!Indirect) return "indirect descriptor, but the feature was not negotiated";
                if (indirect) return "indirect descriptor within an indirect table";
                if ((flags & Descriptor.FlagNext) != 0) return "indirect descriptor with a next one";
                if (descriptor.Length == 0 || descriptor.Length % Descriptor.Size != 0) return $"indirect table of {descriptor.Length} bytes";
                if (!Memory.Contains(descriptor.Address, descriptor.Length)) return $"indirect table outside of RAM at 0x{descriptor.Address:x}";
                table = descriptor.Address;
                entries = descriptor.Length / Descriptor.Size;
                steps = 0;
                index = 0;
                indirect = true;
                continue;
            }

            if (chain.Add(descriptor.Address, descriptor.Length, (flags & Descriptor.FlagWrite) != 0) is { } error) return error;
            if ((flags & Descriptor.FlagNext) == 0) return null;
            index = descriptor.Fourth;
        }
    }

    private void AskForNotification()
    {
        if (EventIdx) Memory.TryWriteUInt16(AvailableEvent, _nextAvailable);
        else if (_suppressed) Memory.TryWriteUInt16(Layout.DeviceArea, 0);
        _suppressed = false;
        Interlocked.MemoryBarrier();
    }

    /// <summary>Whoever pops comes back until the ring is empty, so notifications are useless until then. With event indices they stop by themselves.</summary>
    private void Suppress()
    {
        if (_suppressed) return;
        _suppressed = true;
        Memory.TryWriteUInt16(Layout.DeviceArea, NoNotify);
    }
}
