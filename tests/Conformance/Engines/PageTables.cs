// Privileged Architecture 1.13, section 12.4: Sv39.
namespace Doppel.Tests.Conformance.Engines;

/// <summary>Sv39 page tables in a guest's memory, one page after the other from the root on.</summary>
internal sealed class PageTables(GuestSystem system, ulong root)
{
    public const ulong V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;

    /// <summary>Everything is allowed to S-mode.</summary>
    public const ulong SupervisorAll = V | R | W | X | A | D;

    /// <summary>Everything is allowed to U-mode.</summary>
    public const ulong UserAll = SupervisorAll | U;

    private ulong _next = root + 0x1000;

    /// <summary>The value of <c>satp</c> that switches to these tables.</summary>
    public ulong Satp(ulong asid = 0) => 8UL << 60 | asid << 44 | root >> 12;

    /// <summary>Maps a page.</summary>
    /// <param name="level">0 for 4 KiB, 1 for 2 MiB, 2 for 1 GiB.</param>
    /// <returns>The physical address of the entry.</returns>
    public ulong Map(ulong virtualAddress, ulong physicalAddress, ulong flags, int level = 0)
    {
        ulong table = root;
        for (int i = 2; i > level; i--)
        {
            ulong pointer = EntryIn(table, virtualAddress, i);
            if ((system.Read64(pointer) & V) == 0)
            {
                system.Write64(pointer, _next >> 12 << 10 | V);
                _next += 0x1000;
            }

            table = system.Read64(pointer) >> 10 << 12;
        }

        ulong entry = EntryIn(table, virtualAddress, level);
        system.Write64(entry, Leaf(physicalAddress, flags));
        return entry;
    }

    /// <summary>The value of an entry that maps a page.</summary>
    public static ulong Leaf(ulong physicalAddress, ulong flags) => physicalAddress >> 12 << 10 | flags;

    private static ulong EntryIn(ulong table, ulong virtualAddress, int level) => table + ((virtualAddress >> (12 + (9 * level)) & 0x1ff) * 8);
}
