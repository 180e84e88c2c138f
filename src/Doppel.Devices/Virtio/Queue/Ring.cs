// Virtual I/O Device (VIRTIO) Version 1.2, section 2.6 "Virtqueues": what split and packed rings have in common.
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>Where the driver put a queue.</summary>
internal readonly record struct RingLayout(ushort Size, ulong DescriptorArea, ulong DriverArea, ulong DeviceArea);

/// <summary>A buffer to give back.</summary>
/// <param name="Used">Bytes written into it, from its first writable byte on.</param>
internal readonly record struct UsedChain(DescriptorChain Chain, uint Used);

internal enum PopResult
{
    Empty,
    Popped,

    /// <summary>The driver broke the ring; <see cref="Ring.Error"/> says how. Nothing more can be popped.</summary>
    Malformed,
}

/// <summary>One enabled virtqueue in guest memory, from being made ready until it is reset. Not thread-safe: the transport's lock guards it.</summary>
internal abstract class Ring(RingLayout layout, GuestMemory memory, ulong features)
{
    protected RingLayout Layout => layout;

    protected GuestMemory Memory => memory;

    protected bool EventIdx { get; } = (features & VirtioFeature.RingEventIdx) != 0;

    protected bool Indirect { get; } = (features & VirtioFeature.RingIndirectDesc) != 0;

    /// <summary>What the driver did wrong.</summary>
    public string? Error { get; private set; }

    /// <summary>Chains that have been popped and not pushed yet.</summary>
    public int Outstanding { get; set; }

    /// <summary>
    /// Makes a ring if the driver's settings allow it: sizes, alignment, and all of it in RAM, so that no later access can fail.
    /// </summary>
    /// <returns>The ring, or null and what is wrong.</returns>
    public static Ring? Create(RingLayout layout, GuestMemory memory, ulong features, out string? error)
    {
        bool packed = (features & VirtioFeature.RingPacked) != 0;
        error = packed ? PackedRing.Check(layout, memory) : SplitRing.Check(layout, memory);
        if (error is not null) return null;
        return packed ? new PackedRing(layout, memory, features) : new SplitRing(layout, memory, features);
    }

    /// <summary>Takes the next available buffer into an empty chain. If there is none, asks the driver for a notification when there is one again.</summary>
    public abstract PopResult Pop(DescriptorChain chain);

    /// <summary>Makes as if the buffer that was popped last had not been.</summary>
    public abstract void PutBack(DescriptorChain chain);

    /// <summary>Gives buffers back, so that the driver sees either none of them or all.</summary>
    /// <returns>Whether the driver wants an interrupt.</returns>
    public abstract bool Push(ReadOnlySpan<UsedChain> all);

    public abstract void Save(SnapshotWriter writer);

    public abstract void Load(SnapshotReader reader);

    protected PopResult Malformed(string error)
    {
        Error = error;
        return PopResult.Malformed;
    }

    // The areas were checked when the ring was made and RAM does not go away: these cannot fail.
    protected ushort Read16(ulong address) => memory.TryReadUInt16(address, out ushort value) ? value : (ushort)0;

    protected uint Read32(ulong address) => memory.TryReadUInt32(address, out uint value) ? value : 0;

    protected static string? CheckArea(GuestMemory memory, string name, ulong address, ulong length, ulong alignment)
    {
        if (address % alignment != 0) return $"{name} at 0x{address:x} is not aligned to {alignment}";
        return memory.Contains(address, length) ? null : $"{name} at 0x{address:x} is outside of RAM";
    }

    /// <summary>
    /// Whether moving an index from <paramref name="before"/> to <paramref name="after"/> passes <paramref name="wanted"/> (sections 2.7.7.2, 2.8.10).
    /// </summary>
    protected static bool Passes(ushort wanted, ushort before, ushort after) => (ushort)(after - wanted - 1) < (ushort)(after - before);
}
