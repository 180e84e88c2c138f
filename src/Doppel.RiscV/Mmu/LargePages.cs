namespace Doppel.RiscV.Mmu;

/// <summary>The smallest aligned range that holds every page above 4 KiB translated since the last flush.</summary>
internal struct LargePages
{
    private ulong _address;
    private ulong _mask;

    public readonly bool Contains(ulong address) => _mask != 0 && ((address ^ _address) & _mask) == 0;

    public void Add(ulong address, ulong pageSize)
    {
        ulong mask = ~(pageSize - 1);
        if (_mask == 0)
        {
            _address = address;
        }
        else
        {
            mask &= _mask;
            while (((address ^ _address) & mask) != 0) mask <<= 1;
        }

        // Mask 0 would mean "none"; the top bit is the same for all of a half, so keeping it loses nothing.
        _mask = mask | 1UL << 63;
    }
}
