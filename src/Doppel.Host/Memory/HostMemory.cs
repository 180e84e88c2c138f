using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Doppel.Host.Memory;

/// <summary>
/// A block of host memory that the garbage collector neither moves nor scans. Zero-filled when made, and not limited to 2 GiB.
/// </summary>
/// <remarks>
/// Every accessor checks its bounds, so that a caller without unsafe code can never leave the block. Accesses are little-endian.
/// A naturally aligned access of 2, 4 or 8 bytes is a single host access (no tearing), as guest memory shared by several vCPUs needs.
/// After <see cref="Dispose"/> the length is 0 and every access throws; dispose only after the threads that use the block have ended.
/// </remarks>
public sealed unsafe class HostMemory : IDisposable
{
    private readonly HostMapping _mapping;
    private byte* _base;
    private ulong _length;

    // The first offsets at which an access of 1, 2, 4 or 8 bytes does not fit any more: one comparison decides. All 0 once disposed, and while pages have to be fetched before they are touched.
    private ulong _end1;
    private ulong _end2;
    private ulong _end4;
    private ulong _end8;
    private volatile bool _isPartial;

    private HostMemory(HostMapping mapping, ulong length)
    {
        _mapping = mapping;
        _base = mapping.Address;
        SetLength(length);
    }

    /// <summary>Maps <paramref name="length"/> bytes (rounded up to whole host pages) of zeroes.</summary>
    /// <param name="length">Bytes; at least 1.</param>
    /// <param name="name">Shown by the operating system's tools where it can be.</param>
    /// <exception cref="OutOfMemoryException">The host has not that much address space or memory.</exception>
    public static HostMemory Allocate(ulong length, string name)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        return new HostMemory(HostMapping.Create(length, name), length);
    }

    /// <summary>Length in bytes; 0 once disposed.</summary>
    public ulong Length => _length;

    /// <summary>The address of the first byte. Valid until <see cref="Dispose"/>.</summary>
    public nint Address => (nint)_base;

    /// <summary>The address of a byte whose page is about to be accessed by others than this object's members: generated code, system calls. Only that page's. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="OutOfMemoryException">The host has no room for the page.</exception>
    public nint AddressOf(ulong offset)
    {
        if (offset >= _length) ThrowOutOfRange();
        Fetch(offset, 1);
        return (nint)(_base + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Read8(ulong offset) => *At(offset, 1, _end1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort Read16(ulong offset) => Unsafe.ReadUnaligned<ushort>(At(offset, 2, _end2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read32(ulong offset) => Unsafe.ReadUnaligned<uint>(At(offset, 4, _end4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read64(ulong offset) => Unsafe.ReadUnaligned<ulong>(At(offset, 8, _end8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write8(ulong offset, byte value) => *At(offset, 1, _end1) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write16(ulong offset, ushort value) => Unsafe.WriteUnaligned(At(offset, 2, _end2), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write32(ulong offset, uint value) => Unsafe.WriteUnaligned(At(offset, 4, _end4), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write64(ulong offset, ulong value) => Unsafe.WriteUnaligned(At(offset, 8, _end8), value);

    /// <summary>Atomically replaces the aligned 32-bit word if it equals <paramref name="comparand"/>; returns what was there. A full fence.</summary>
    public uint CompareExchange32(ulong offset, uint value, uint comparand) =>
        Interlocked.CompareExchange(ref *(uint*)AlignedAt(offset, 4, _end4), value, comparand);

    /// <inheritdoc cref="CompareExchange32"/>
    public ulong CompareExchange64(ulong offset, ulong value, ulong comparand) =>
        Interlocked.CompareExchange(ref *(ulong*)AlignedAt(offset, 8, _end8), value, comparand);

    /// <summary>A view of part of the block. Never keep it across a call that may dispose the block.</summary>
    public Span<byte> Span(ulong offset, int length)
    {
        if (length < 0 || offset > _length || (ulong)length > _length - offset) ThrowOutOfRange();
        Fetch(offset, (ulong)length);
        return new Span<byte>(_base + offset, length);
    }

    /// <summary>Gives whole pages in the range back to the host; they read as zero afterwards.</summary>
    public void Discard(ulong offset, ulong length)
    {
        if (offset > _length || length > _length - offset) ThrowOutOfRange();
        _mapping.Discard(offset, length);
        SetPartial();
    }

    /// <summary>
    /// Keeps what the block holds now. On Linux pages are not copied but shared, all of them the first time and later those that did not change; those that did are copied
    /// while the block goes on, copy-on-write, at the same address. Only while nobody else writes to it; from then on, who first writes to a page must call <see cref="Keep"/> before.
    /// </summary>
    /// <param name="changed">
    /// Which pages of 4 KiB may differ from what was last frozen or restored: bit n of word w is page 64·w + n. Not looked at the first time.
    /// </param>
    /// <exception cref="OutOfMemoryException">The host has not that much. The block is as it was, and all of <paramref name="changed"/> is still changed.</exception>
    public FrozenMemory Freeze(ReadOnlySpan<ulong> changed)
    {
        FrozenMemory frozen = _mapping.Freeze(changed);
        SetPartial();
        return frozen;
    }

    /// <summary>Copies what is still to be copied of what was frozen before, so that the next <see cref="Restore"/> need not; while the block is in use.</summary>
    public void FinishCopying() => _mapping.FinishCopying();

    /// <summary>Copies as much of what was frozen before as the next <see cref="Freeze"/> would have to, which is nothing as a rule; while the block is in use.</summary>
    public void PrepareFreeze() => _mapping.PrepareFreeze();

    /// <summary>The page at the offset is about to be written to for the first time since the block was last frozen. Any thread, also when nothing was ever frozen.</summary>
    public void Keep(ulong offset)
    {
        if (offset < _length) _mapping.Keep(offset);
    }

    /// <summary>Makes the block hold what was frozen, of this block or another one of the same length. Only while nobody else uses it.</summary>
    /// <param name="changed">As for <see cref="Freeze"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="OutOfMemoryException">The host refuses the mapping. The block holds some mixture of old and new.</exception>
    public void Restore(FrozenMemory content, ReadOnlySpan<ulong> changed)
    {
        _mapping.Restore(content, changed);
        SetPartial();
    }

    /// <summary>Unmaps the block.</summary>
    public void Dispose()
    {
        SetLength(0);
        _base = null;
        _mapping.Dispose();
    }

    private void SetLength(ulong length)
    {
        _length = length;
        SetEnds(length);
    }

    private void SetEnds(ulong length)
    {
        _end1 = length;
        _end2 = End(2);
        _end4 = End(4);
        _end8 = End(8);

        ulong End(ulong size) => length < size ? 0 : length - size + 1;
    }

    /// <summary>While pages have to be fetched, every access takes the long way.</summary>
    private void SetPartial()
    {
        _isPartial = !_mapping.IsWhole;
        SetEnds(_isPartial ? 0 : _length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* At(ulong offset, ulong size, ulong end) => offset < end ? _base + offset : AtLength(offset, size);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* AtLength(ulong offset, ulong size)
    {
        if (offset > _length || size > _length - offset) ThrowOutOfRange();
        Fetch(offset, size);
        return _base + offset;
    }

    private void Fetch(ulong offset, ulong size)
    {
        if (!_isPartial || size == 0) return;
        for (ulong page = offset & ~(PageRun.PageSize - 1UL); page < offset + size; page += PageRun.PageSize) _mapping.Fetch(page);
        if (!_mapping.IsWhole) return;

        // Whoever still takes the long way finds that there is nothing to fetch.
        _isPartial = false;
        SetEnds(_length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* AlignedAt(ulong offset, ulong size, ulong end)
    {
        if ((offset & (size - 1)) != 0) ThrowMisaligned();
        return At(offset, size, end);
    }

    [DoesNotReturn]
    private static void ThrowOutOfRange() => throw new ArgumentOutOfRangeException("offset", "Access outside the host memory block.");

    [DoesNotReturn]
    private static void ThrowMisaligned() => throw new ArgumentException("An atomic access must be naturally aligned.");
}
