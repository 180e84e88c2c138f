// Privileged Architecture 1.13, sections 12.3–12.5 (Sv39, Sv48, Sv57), with Svade/Svadu, Svnapot and Svpbmt.
using Doppel.Core.Memory;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

/// <summary>A successful translation.</summary>
/// <param name="Physical">The physical address.</param>
/// <param name="PageSize">Bytes of the leaf's page: 4 KiB, or more for superpages and NAPOT pages.</param>
/// <param name="Global">The leaf says that it is the same in all address spaces.</param>
internal readonly record struct Translation(ulong Physical, ulong PageSize, bool Global);

/// <summary>What became of a walk.</summary>
internal enum WalkResult
{
    Ok,
    PageFault,
    AccessFault,

    /// <summary>Another hart changed the entry meanwhile.</summary>
    Again,
}

/// <summary>Walks page tables in guest memory.</summary>
internal sealed class PageTableWalker(HartState state, GuestMemory memory, Pmp pmp)
{
    private const ulong V = 1;
    private const ulong R = 2;
    private const ulong W = 4;
    private const ulong X = 8;
    private const ulong U = 16;
    private const ulong G = 32;
    private const ulong A = 64;
    private const ulong D = 128;
    private const ulong Reserved = 0x7fUL << 54;
    private const ulong Pbmt = 3UL << 61;
    private const ulong N = 1UL << 63;
    private const ulong PpnMask = (1UL << 44) - 1;
    private const int PpnShift = 10;
    private const int PageShift = 12;
    private const int MaxAttempts = 10_000;

    /// <summary>The number of levels that a satp.MODE has; 0 for bare.</summary>
    public static int Levels(ulong satp) => (satp >> 60) switch { 8 => 3, 9 => 4, 10 => 5, _ => 0 };

    /// <summary>Translates an address that is not in M-mode and not bare; sets the A and D bits if the hart may.</summary>
    /// <param name="mode">The effective privilege: U or S.</param>
    public WalkResult Walk(ulong address, AccessKind kind, PrivilegeMode mode, out Translation translation)
    {
        // A hart that does nothing but change the entry must not keep this one here for ever; a page fault then lets it look around.
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            WalkResult result = WalkOnce(address, kind, mode, out translation);
            if (result != WalkResult.Again) return result;
        }

        translation = default;
        return WalkResult.PageFault;
    }

    private WalkResult WalkOnce(ulong address, AccessKind kind, PrivilegeMode mode, out Translation translation)
    {
        translation = default;
        ulong satp = state.Slots[RiscVSlot.Satp];
        int levels = Levels(satp);
        int unusedBits = 64 - (PageShift + (9 * levels));
        if ((ulong)((long)address << unusedBits >> unusedBits) != address) return WalkResult.PageFault;

        ulong table = (satp & PpnMask) << PageShift;
        for (int level = levels - 1; level >= 0; level--)
        {
            int shift = PageShift + (9 * level);
            ulong entryAddress = table + ((address >> shift & 0x1ff) * 8);
            if (!pmp.Allows(entryAddress, 8, AccessKind.Load, PrivilegeMode.Supervisor)
                || !memory.TryReadUInt64(entryAddress, out ulong entry)) return WalkResult.AccessFault;
            if ((entry & V) == 0 || (entry & (R | W)) == W || (entry & Reserved) != 0) return WalkResult.PageFault;
            if ((entry & (R | X)) != 0) return Leaf(address, kind, mode, level, entry, entryAddress, out translation);
            if ((entry & (A | D | U | Pbmt | N)) != 0) return WalkResult.PageFault;
            table = (entry >> PpnShift & PpnMask) << PageShift;
        }

        return WalkResult.PageFault;
    }

    private WalkResult Leaf(ulong address, AccessKind kind, PrivilegeMode mode, int level, ulong entry, ulong entryAddress, out Translation translation)
    {
        translation = default;
        ulong pageSize = 1UL << (PageShift + (9 * level));
        ulong page = (entry >> PpnShift & PpnMask) << PageShift;
        if (!PbmtValid(entry) || !Permitted(entry, kind, mode)) return WalkResult.PageFault;
        if ((entry & N) != 0)
        {
            // Svnapot: only 64 KiB pages of 16 equal entries are defined.
            if (level != 0 || (entry >> PpnShift & 0xf) != 8) return WalkResult.PageFault;
            pageSize = 64 * 1024;
            page &= ~(pageSize - 1);
        }
        else if ((page & (pageSize - 1)) != 0)
        {
            return WalkResult.PageFault;
        }

        ulong wanted = entry | A | (kind == AccessKind.Store ? D : 0);
        if (wanted != entry)
        {
            WalkResult updated = SetAccessedAndDirty(entryAddress, entry, wanted);
            if (updated != WalkResult.Ok) return updated;
        }

        translation = new Translation(page | (address & (pageSize - 1)), pageSize, (entry & G) != 0);
        return WalkResult.Ok;
    }

    private bool PbmtValid(ulong entry)
    {
        ulong type = (entry & Pbmt) >> 61;
        return type == 0 || (type != 3 && (state.Menvcfg & Envcfg.Pbmte) != 0);
    }

    private bool Permitted(ulong entry, AccessKind kind, PrivilegeMode mode)
    {
        bool userPage = (entry & U) != 0;
        ulong status = state.MstatusBits;
        if (mode == PrivilegeMode.User && !userPage) return false;
        if (mode == PrivilegeMode.Supervisor && userPage && (kind == AccessKind.Fetch || (status & Mstatus.Sum) == 0)) return false;
        return kind switch
        {
            AccessKind.Fetch => (entry & X) != 0,
            AccessKind.Store => (entry & W) != 0,
            _ => (entry & R) != 0 || ((status & Mstatus.Mxr) != 0 && (entry & X) != 0),
        };
    }

    /// <summary>
    /// Svadu: updates the entry atomically if it has not changed, else the walk begins anew (section 12.3.2, step 9). Svade (menvcfg.ADUE = 0): a page fault.
    /// </summary>
    private WalkResult SetAccessedAndDirty(ulong entryAddress, ulong entry, ulong wanted)
    {
        if ((state.Menvcfg & Envcfg.Adue) == 0) return WalkResult.PageFault;
        if (!pmp.Allows(entryAddress, 8, AccessKind.Store, PrivilegeMode.Supervisor)) return WalkResult.AccessFault;
        MemoryRegion region = memory.Find(entryAddress, 8)!;
        ulong offset = entryAddress - region.Address;
        region.Dirty.Mark(offset);
        return region.CompareExchange64(offset, wanted, entry) == entry ? WalkResult.Ok : WalkResult.Again;
    }
}
