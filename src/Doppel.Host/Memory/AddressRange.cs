using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// Addresses that this process keeps for itself on Linux, nothing behind them, with room in the middle for a mapping: whatever misses the mapping by less than
/// <see cref="GuardBytes"/> hits nothing, and the host stops it.
/// </summary>
internal static unsafe class AddressRange
{
    /// <summary>Inaccessible bytes before and behind, and what the middle is aligned to: a huge page of the host.</summary>
    public const ulong GuardBytes = 2UL << 20;

    private const int ProtNone = 0;
    private const int MapPrivate = 0x02;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;

    /// <summary>Keeps addresses, of which none can be accessed yet.</summary>
    /// <param name="length">Of the middle; whole pages.</param>
    /// <returns>The middle's first byte; null if there are none, with the reason in the last P/Invoke error.</returns>
    public static byte* Reserve(ulong length)
    {
        // One guard more than it takes: the host aligns to small pages.
        byte* start = (byte*)Mmap(null, (nuint)(length + (3 * GuardBytes)), ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if ((nint)start == -1) return null;
        byte* middle = (byte*)(((ulong)start + (2 * GuardBytes) - 1) & ~(GuardBytes - 1));
        byte* end = middle + length + GuardBytes;
        byte* last = start + length + (3 * GuardBytes);
        Unmap(start, middle - GuardBytes);
        Unmap(end, last);
        return middle;
    }

    /// <summary>Gives the middle and the guards back.</summary>
    public static void Release(byte* middle, ulong length) => Unmap(middle - GuardBytes, middle + length + GuardBytes);

    private static void Unmap(byte* from, byte* to)
    {
        if (from < to) _ = Munmap(from, (nuint)(to - from));
    }
}
