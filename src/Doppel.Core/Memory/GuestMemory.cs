namespace Doppel.Core.Memory;

/// <summary>
/// Guest-physical memory as devices see it: bounds-checked copies in and out of RAM. Never reaches device registers, so DMA cannot either.
/// </summary>
/// <remarks>
/// A guest structure is read once into a local, validated, and the local is used: the guest may change memory at any time.
/// All accessors return false, and touch nothing, if any byte of the range is not RAM.
/// </remarks>
public sealed class GuestMemory : IDisposable
{
    private MemoryRegion[] _regions = [];

    /// <summary>All regions, by address.</summary>
    public IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <summary>Adds a region of zeroes. Only while the machine is built.</summary>
    /// <exception cref="ArgumentException">It overlaps another one or wraps around.</exception>
    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public MemoryRegion AddRegion(string name, ulong address, ulong length)
    {
        if (length == 0 || address + (length - 1) < address) throw new ArgumentException($"{name}: a region of {length} bytes at 0x{address:x} is not possible.");
        if (_regions.Any(r => r.Address - address < length || address - r.Address < r.Length)) throw new ArgumentException($"{name} at 0x{address:x} overlaps another region.");
        var region = new MemoryRegion(name, address, length);
        _regions = [.. _regions.Append(region).OrderBy(r => r.Address)];
        return region;
    }

    /// <summary>The region that holds all of the range, or null.</summary>
    public MemoryRegion? Find(ulong address, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = address - region.Address;
            if (offset < region.Length && region.Length - offset >= length) return region;
        }

        return null;
    }

    /// <summary>Whether all of the range is RAM.</summary>
    public bool Contains(ulong address, ulong length) => Find(address, length) is not null;

    /// <summary>Copies guest memory out.</summary>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (Find(address, (ulong)destination.Length) is not { } region) return false;
        region.Span(address - region.Address, destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>Copies into guest memory and marks the pages dirty.</summary>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (Find(address, (ulong)source.Length) is not { } region) return false;
        region.Dirty.Mark(address - region.Address, (ulong)source.Length);
        source.CopyTo(region.Span(address - region.Address, source.Length));
        return true;
    }

    /// <summary>Fills guest memory and marks the pages dirty.</summary>
    public bool TryFill(ulong address, int length, byte value)
    {
        if (length < 0 || Find(address, (ulong)length) is not { } region) return false;
        region.Dirty.Mark(address - region.Address, (ulong)length);
        region.Span(address - region.Address, length).Fill(value);
        return true;
    }

    /// <summary>Reads a little-endian value. A naturally aligned one is read in a single access.</summary>
    public bool TryReadUInt16(ulong address, out ushort value)
    {
        value = 0;
        if (Find(address, 2) is not { } region) return false;
        value = region.Read16(address - region.Address);
        return true;
    }

    /// <inheritdoc cref="TryReadUInt16"/>
    public bool TryReadUInt32(ulong address, out uint value)
    {
        value = 0;
        if (Find(address, 4) is not { } region) return false;
        value = region.Read32(address - region.Address);
        return true;
    }

    /// <inheritdoc cref="TryReadUInt16"/>
    public bool TryReadUInt64(ulong address, out ulong value)
    {
        value = 0;
        if (Find(address, 8) is not { } region) return false;
        value = region.Read64(address - region.Address);
        return true;
    }

    /// <summary>Writes a little-endian value, a naturally aligned one in a single access, and marks the page dirty.</summary>
    public bool TryWriteUInt16(ulong address, ushort value)
    {
        if (Find(address, 2) is not { } region) return false;
        region.Dirty.Mark(address - region.Address, 2);
        region.Write16(address - region.Address, value);
        return true;
    }

    /// <inheritdoc cref="TryWriteUInt16"/>
    public bool TryWriteUInt32(ulong address, uint value)
    {
        if (Find(address, 4) is not { } region) return false;
        region.Dirty.Mark(address - region.Address, 4);
        region.Write32(address - region.Address, value);
        return true;
    }

    /// <inheritdoc cref="TryWriteUInt16"/>
    public bool TryWriteUInt64(ulong address, ulong value)
    {
        if (Find(address, 8) is not { } region) return false;
        region.Dirty.Mark(address - region.Address, 8);
        region.Write64(address - region.Address, value);
        return true;
    }

    public void Dispose()
    {
        foreach (MemoryRegion region in _regions) region.Dispose();
        _regions = [];
    }
}
