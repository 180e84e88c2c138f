using Doppel.Core.Memory;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

internal sealed partial class MemoryUnit
{
    private const int CacheBlock = 64;

    /// <summary>The RAM behind an <c>lr</c> or AMO.</summary>
    /// <param name="kind">Load for <c>lr</c>, store for <c>sc</c> and AMOs.</param>
    /// <param name="physical">The physical address, which names a reservation.</param>
    /// <returns>Null with a pending trap.</returns>
    public MemoryRegion? AtomicTarget(ulong address, int size, AccessKind kind, out ulong offset, out ulong physical)
    {
        offset = 0;
        physical = 0;
        if ((address & (ulong)(size - 1)) != 0)
        {
            _trap.Raise(kind == AccessKind.Load ? TrapCause.LoadAddressMisaligned : TrapCause.StoreAddressMisaligned, address);
            return null;
        }

        ref TlbEntry entry = ref (kind == AccessKind.Load ? _readTlb : _writeTlb).At(address);
        if (((address & PageMask) | _dataKey) == entry.Tag)
        {
            offset = address + entry.Addend;
            physical = _ram.Address + offset;
            return _ram;
        }

        if (!TryTranslateData(address, size, kind, out physical)) return null;
        if (_memory.Find(physical, (ulong)size) is not { } region)
        {
            _trap.Raise(kind.AccessFault(), address);
            return null;
        }

        offset = physical - region.Address;
        if (kind == AccessKind.Store) region.Dirty.Mark(offset);
        return region;
    }

    /// <summary><c>cbo.zero</c>: clears the 64-byte block.</summary>
    public void ZeroBlock(ulong address)
    {
        if (!TryTranslateData(address & ~(CacheBlock - 1UL), CacheBlock, AccessKind.Store, out ulong physical))
        {
            _trap.Value = address;
            return;
        }

        if (!_memory.TryFill(physical, CacheBlock, 0)) _trap.Raise(TrapCause.StoreAccessFault, address);
    }

    /// <summary>
    /// <c>cbo.clean</c>, <c>cbo.flush</c>, <c>cbo.inval</c>: nothing to do but the checks. A block that may be loaded may be managed;
    /// what fails is a store fault (CMO extensions 1.0.1, section 2.5.1.1).
    /// </summary>
    public void ManageBlock(ulong address)
    {
        if (TryTranslateData(address & ~(CacheBlock - 1UL), CacheBlock, AccessKind.Load, out _)) return;
        _trap.Raise(_trap.Cause == TrapCause.LoadPageFault ? TrapCause.StorePageFault : TrapCause.StoreAccessFault, address);
    }

    /// <summary>Loads 1, 2, 4 or 8 bytes, zero-extended. Any address; a fault is left in the pending trap.</summary>
    public ulong Load(ulong address, int size)
    {
        if (WithinCachedPage(ref _readTlb.At(address), address, size, out ulong offset)) return LoadRam(_ram, offset, size);
        if ((address & (ulong)(size - 1)) != 0) return LoadMisaligned(address, size);
        if (!TryTranslateData(address, size, AccessKind.Load, out ulong physical)) return 0;
        if (_memory.Find(physical, (ulong)size) is { } region)
        {
            return LoadRam(region, physical - region.Address, size);
        }

        if (!_bus.TryRead(physical, size, out ulong value)) _trap.Raise(TrapCause.LoadAccessFault, address);
        return value;
    }

    /// <summary>Stores the low 1, 2, 4 or 8 bytes. Any address; a fault is left in the pending trap.</summary>
    public void Store(ulong address, int size, ulong value)
    {
        if (WithinCachedPage(ref _writeTlb.At(address), address, size, out ulong offset))
        {
            StoreRam(_ram, offset, size, value);
            return;
        }

        if ((address & (ulong)(size - 1)) != 0)
        {
            StoreMisaligned(address, size, value);
            return;
        }

        if (!TryTranslateData(address, size, AccessKind.Store, out ulong physical)) return;
        if (_memory.Find(physical, (ulong)size) is { } region)
        {
            StoreRam(region, physical - region.Address, size, value);
            return;
        }

        ulong mask = size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;
        if (!_bus.TryWrite(physical, size, value & mask)) _trap.Raise(TrapCause.StoreAccessFault, address);
    }

    private bool WithinCachedPage(ref TlbEntry entry, ulong address, int size, out ulong offset)
    {
        offset = address + entry.Addend;
        return entry.Tag == ((address & PageMask) | _dataKey) && (address & ~PageMask) + (ulong)size <= 4096;
    }

    private static ulong LoadRam(MemoryRegion region, ulong offset, int size) => size switch
    {
        1 => region.Read8(offset),
        2 => region.Read16(offset),
        4 => region.Read32(offset),
        _ => region.Read64(offset),
    };

    private static void StoreRam(MemoryRegion region, ulong offset, int size, ulong value)
    {
        region.Dirty.Mark(offset, (ulong)size);
        switch (size)
        {
            case 1:
                region.Write8(offset, (byte)value);
                break;
            case 2:
                region.Write16(offset, (ushort)value);
                break;
            case 4:
                region.Write32(offset, (uint)value);
                break;
            default:
                region.Write64(offset, value);
                break;
        }
    }

    /// <summary>Misaligned accesses work in RAM, also across pages; in device space they are access faults.</summary>
    private ulong LoadMisaligned(ulong address, int size)
    {
        if (!TryTranslateParts(address, size, AccessKind.Load, out ulong first, out ulong second, out int firstSize)) return 0;
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            ulong physical = i < firstSize ? first + (ulong)i : second + (ulong)(i - firstSize);
            MemoryRegion region = _memory.Find(physical, 1)!;
            value |= (ulong)region.Read8(physical - region.Address) << (8 * i);
        }

        return value;
    }

    private void StoreMisaligned(ulong address, int size, ulong value)
    {
        if (!TryTranslateParts(address, size, AccessKind.Store, out ulong first, out ulong second, out int firstSize)) return;
        for (int i = 0; i < size; i++)
        {
            ulong physical = i < firstSize ? first + (ulong)i : second + (ulong)(i - firstSize);
            MemoryRegion region = _memory.Find(physical, 1)!;
            StoreRam(region, physical - region.Address, 1, value >> (8 * i));
        }
    }

    /// <summary>Translates both pages of a misaligned access before anything is touched, so that a fault leaves no half of it.</summary>
    private bool TryTranslateParts(ulong address, int size, AccessKind kind, out ulong first, out ulong second, out int firstSize)
    {
        second = 0;
        firstSize = (int)Math.Min((ulong)size, 4096 - (address & 0xfff));
        if (!TryTranslateData(address, firstSize, kind, out first)) return false;
        if (!_memory.Contains(first, (ulong)firstSize))
        {
            _trap.Raise(kind.AccessFault(), address);
            return false;
        }

        if (firstSize == size) return true;
        ulong next = address + (ulong)firstSize;
        if (!TryTranslateData(next, size - firstSize, kind, out second)) return false;
        if (_memory.Contains(second, (ulong)(size - firstSize))) return true;
        _trap.Raise(kind.AccessFault(), next);
        return false;
    }

    /// <summary>Translates a data access, checks PMP, and caches the page if it is RAM.</summary>
    private bool TryTranslateData(ulong address, int size, AccessKind kind, out ulong physical)
    {
        if (!TryTranslate(address, kind, _dataMode, out physical)) return false;
        if (!AllowedByPmp(physical, size, kind, _dataMode, address)) return false;
        ulong offset = physical - _ram.Address;
        ulong page = offset & PageMask;
        if (offset < _ram.Length && _ram.Length - page >= 4096 && Pmp.UniformOverPage(physical))
        {
            if (kind == AccessKind.Store)
            {
                _ram.Dirty.Mark(offset);
                _writeTlb.Fill(address & PageMask, _dataKey, page);
            }
            else
            {
                _readTlb.Fill(address & PageMask, _dataKey, page);
            }
        }

        return true;
    }

    private bool TryTranslate(ulong address, AccessKind kind, PrivilegeMode mode, out ulong physical)
    {
        WalkResult result = Walk(address, kind, mode, out Translation translation);
        physical = translation.Physical;
        if (result == WalkResult.Ok) return true;
        _trap.Raise(result == WalkResult.PageFault ? kind.PageFault() : kind.AccessFault(), address);
        return false;
    }

    private WalkResult Walk(ulong address, AccessKind kind, PrivilegeMode mode, out Translation translation)
    {
        if (mode == PrivilegeMode.Machine || PageTableWalker.Levels(_state.Slots[RiscVSlot.Satp]) == 0)
        {
            translation = new Translation(address, 4096, Global: mode == PrivilegeMode.Machine);
            return WalkResult.Ok;
        }

        _counters.CountMiss(kind);
        WalkResult result = _walker.Walk(address, kind, mode, out translation);
        if (result == WalkResult.Ok && translation.PageSize > 4096) _largePages.Add(address, translation.PageSize);
        return result;
    }

    private bool AllowedByPmp(ulong physical, int size, AccessKind kind, PrivilegeMode mode, ulong address)
    {
        if (Pmp.Allows(physical, size, kind, mode)) return true;
        _trap.Raise(kind.AccessFault(), address);
        return false;
    }
}
