using System.Runtime.CompilerServices;
using Doppel.Host.Memory;

namespace Doppel.Core.Memory;

/// <summary>One contiguous range of guest RAM (or flash) and the host memory behind it. Offsets count from the start of the region.</summary>
/// <remarks>
/// The plain accessors are what engines use; they check bounds but do not mark pages dirty: an engine marks a page when it first makes it
/// writable for itself. Devices go through <see cref="GuestMemory"/>, which marks.
/// </remarks>
public sealed class MemoryRegion : IDisposable
{
    private readonly HostMemory _host;

    internal MemoryRegion(string name, ulong address, ulong length)
    {
        Name = name;
        Address = address;
        Length = length;
        _host = HostMemory.Allocate(length, name);
        Dirty = new DirtyBitmap(length, _host.Keep);
    }

    public string Name { get; }

    /// <summary>Guest-physical address of the first byte.</summary>
    public ulong Address { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>Pages written since the bitmap was last taken.</summary>
    public DirtyBitmap Dirty { get; }

    /// <summary>The host mapping, for engines with generated code.</summary>
    public HostMemory Host => _host;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Read8(ulong offset) => _host.Read8(offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort Read16(ulong offset) => _host.Read16(offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read32(ulong offset) => _host.Read32(offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read64(ulong offset) => _host.Read64(offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write8(ulong offset, byte value) => _host.Write8(offset, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write16(ulong offset, ushort value) => _host.Write16(offset, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write32(ulong offset, uint value) => _host.Write32(offset, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write64(ulong offset, ulong value) => _host.Write64(offset, value);

    /// <inheritdoc cref="HostMemory.CompareExchange32"/>
    public uint CompareExchange32(ulong offset, uint value, uint comparand) => _host.CompareExchange32(offset, value, comparand);

    /// <inheritdoc cref="HostMemory.CompareExchange64"/>
    public ulong CompareExchange64(ulong offset, ulong value, ulong comparand) => _host.CompareExchange64(offset, value, comparand);

    /// <summary>A view of part of the region; use it at once, never keep it.</summary>
    public Span<byte> Span(ulong offset, int length) => _host.Span(offset, length);

    /// <summary>Makes the whole region read as zeroes and gives its pages back to the host.</summary>
    public void Clear()
    {
        _host.Discard(0, Length);
        Dirty.MarkAll();
    }

    /// <inheritdoc cref="HostMemory.FinishCopying"/>
    public void FinishCopying() => _host.FinishCopying();

    /// <inheritdoc cref="HostMemory.PrepareFreeze"/>
    public void PrepareFreeze() => _host.PrepareFreeze();

    /// <summary>
    /// Keeps what the region holds, sharing its pages (see <see cref="HostMemory.Freeze"/>), and starts <see cref="Dirty"/> anew. Only while no engine and no device
    /// runs; engines must drop their write permissions afterwards.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The host has not that much; nothing has changed.</exception>
    public FrozenMemory Freeze()
    {
        ulong[] changed = new ulong[Dirty.WordCount];
        Dirty.Take(changed);
        try
        {
            return _host.Freeze(changed);
        }
        catch
        {
            Dirty.Mark(changed);
            throw;
        }
    }

    /// <summary>Makes the region hold what was frozen. Only while no engine and no device runs; engines must forget all that they know of memory afterwards.</summary>
    /// <exception cref="OutOfMemoryException">The host refuses; the region holds some mixture of old and new.</exception>
    public void Restore(FrozenMemory content)
    {
        ulong[] changed = new ulong[Dirty.WordCount];
        Dirty.Take(changed);
        try
        {
            _host.Restore(content, changed);
        }
        catch
        {
            Dirty.MarkAll();
            throw;
        }
    }

    public void Dispose() => _host.Dispose();
}
