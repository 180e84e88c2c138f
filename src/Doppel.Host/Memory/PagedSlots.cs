using System.Runtime.InteropServices;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// Where a large <see cref="SlotBlock"/> lies on Linux: pages of its own, of which the host gives only those that are written to. The garbage collector's heap would have them all written to,
/// to clear them, where they were used before.
/// </summary>
/// <remarks>mmap(2), madvise(2).</remarks>
internal sealed unsafe class PagedSlots
{
    /// <summary>Fewer slots are not worth pages of their own.</summary>
    public const int Fewest = 4096;

    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivate = 0x02;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int MadviseNoHugePage = 15;

    private readonly nuint _length;

    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public PagedSlots(int count)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        _length = ((nuint)count * sizeof(ulong) + page - 1) & ~(page - 1);
        void* start = Mmap(null, _length, ProtReadWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if ((nint)start == -1) throw new OutOfMemoryException($"The host cannot map {_length} bytes: {Marshal.GetLastPInvokeErrorMessage()}.");
        Slots = (ulong*)start;

        // Advice only: a huge page for each slot that is written to would be a waste.
        _ = Madvise(start, _length, MadviseNoHugePage);
    }

    ~PagedSlots()
    {
        if (Slots != null) _ = Munmap(Slots, _length);
    }

    /// <summary>All zero at first.</summary>
    public ulong* Slots { get; }
}
