// Virtual I/O Device (VIRTIO) Version 1.2, sections 2.7.4 "Message Framing" and 2.7.5 "The Virtqueue Descriptor Table".
using Doppel.Core.Memory;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>
/// One buffer that the driver made available: device-readable bytes, then device-writable ones. The descriptors were read once and checked when
/// the chain was popped, so no later change of the ring by the guest has an effect here; the bytes themselves the guest may change at any time.
/// </summary>
internal sealed class DescriptorChain(Ring ring, GuestMemory memory)
{
    /// <summary>
    /// Longest chain, indirect descriptors included. The specification bounds a chain by the queue's size; drivers with indirect tables are
    /// known to exceed a small queue, so the bound is a fixed one.
    /// </summary>
    public const int MaxSegments = 1024;

    private readonly List<Segment> _readable = [];
    private readonly List<Segment> _writable = [];

    /// <summary>The ring that it came from. Once that ring is gone, by a reset, the chain is stale.</summary>
    public Ring Ring => ring;

    /// <summary>What the driver recognizes the buffer by: the head's index (split) or the buffer id (packed).</summary>
    public ushort Id { get; set; }

    /// <summary>How many descriptors of the ring it takes up.</summary>
    public int RingDescriptors { get; set; }

    /// <summary>Whether the device has given it back.</summary>
    public bool Done { get; set; }

    /// <summary>How far the device has got with it in earlier turns; its own unit. See <see cref="VirtioQueue.PutBack"/>.</summary>
    public uint Progress { get; set; }

    public uint ReadableLength { get; private set; }

    public uint WritableLength { get; private set; }

    /// <summary>Adds one buffer element after checking it.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? Add(ulong address, uint length, bool writable)
    {
        if (_readable.Count + _writable.Count >= MaxSegments) return "descriptor chain too long";
        if (!writable && _writable.Count > 0) return "device-readable descriptor after a device-writable one";
        if ((ulong)ReadableLength + WritableLength + length > uint.MaxValue) return "descriptor chain of 4 GiB or more";
        if (length > 0 && !memory.Contains(address, length)) return $"descriptor outside of RAM: {length} bytes at 0x{address:x}";
        (writable ? _writable : _readable).Add(new Segment(address, length));
        if (writable) WritableLength += length;
        else ReadableLength += length;
        return null;
    }

    /// <summary>Copies device-readable bytes out, from <paramref name="offset"/> on.</summary>
    /// <returns>How many there were.</returns>
    public int Read(uint offset, Span<byte> destination)
    {
        int done = 0;
        foreach (Segment segment in _readable)
        {
            if (offset >= segment.Length)
            {
                offset -= segment.Length;
                continue;
            }

            int length = (int)Math.Min(segment.Length - offset, (uint)(destination.Length - done));
            if (length == 0 || !memory.TryRead(segment.Address + offset, destination.Slice(done, length))) break;
            done += length;
            offset = 0;
        }

        return done;
    }

    /// <summary>Copies into the device-writable bytes, from <paramref name="offset"/> on.</summary>
    /// <returns>How many found room.</returns>
    public int Write(uint offset, ReadOnlySpan<byte> source)
    {
        int done = 0;
        foreach (Segment segment in _writable)
        {
            if (offset >= segment.Length)
            {
                offset -= segment.Length;
                continue;
            }

            int length = (int)Math.Min(segment.Length - offset, (uint)(source.Length - done));
            if (length == 0 || !memory.TryWrite(segment.Address + offset, source.Slice(done, length))) break;
            done += length;
            offset = 0;
        }

        return done;
    }

    private readonly record struct Segment(ulong Address, uint Length);
}
