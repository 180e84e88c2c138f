using System.Numerics;

namespace Doppel.RiscV.Mmu;

/// <summary>
/// The pages above 4 KiB that were translated since the last flush. A TLB holds them in pieces of 4 KiB, so that a fence of one address has to know whether there are others of
/// the same leaf.
/// </summary>
internal sealed class LargePages
{
    /// <summary>Beyond this many, everything counts as part of one.</summary>
    private const int Limit = 4096;

    // Base and size in one word: the bases are multiples of 64 KiB at least.
    private readonly HashSet<ulong> _pages = [];
    private ulong _sizes;

    public bool Contains(ulong address)
    {
        if (_pages.Count > Limit) return true;
        for (ulong sizes = _sizes; sizes != 0; sizes &= sizes - 1)
        {
            int log = BitOperations.TrailingZeroCount(sizes);
            if (_pages.Contains(NameOf(address, log))) return true;
        }

        return false;
    }

    public void Add(ulong address, ulong pageSize)
    {
        if (_pages.Count > Limit) return;
        _sizes |= pageSize;
        _pages.Add(NameOf(address, BitOperations.Log2(pageSize)));
    }

    public void Clear()
    {
        _pages.Clear();
        _sizes = 0;
    }

    private static ulong NameOf(ulong address, int sizeLog) => address >> sizeLog << sizeLog | (uint)sizeLog;
}
