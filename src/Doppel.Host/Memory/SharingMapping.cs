using System.Runtime.InteropServices;
using static Doppel.Host.Memory.MemoryCalls;

namespace Doppel.Host.Memory;

/// <summary>
/// Linux: a memfd, advised to use huge pages, between guards that nothing can access. Once frozen, the memfd is the first layer of what was frozen, and this mapping, as any other of the same content,
/// sees the layers copy-on-write: the host keeps the pages that it writes from then on apart.
/// </summary>
/// <remarks>mmap(2), memfd_create(2), madvise(2).</remarks>
internal sealed unsafe class SharingMapping : HostMapping
{
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapShared = 0x01;
    private const int MapPrivate = 0x02;
    private const int MapFixed = 0x10;
    private const int MapNoReserve = 0x4000;
    private const int MadviseDontNeed = 4;
    private const int MadviseRemove = 9;
    private const int MadviseHugePage = 14;

    /// <summary>More there may not be: a process may have about 65,000 mappings, and each machine on the content needs these.</summary>
    private const int MaxExtents = 512;

    /// <summary>If there were more extents, changed pages that are no further apart than this become one, with those between them; up to so far apart.</summary>
    private const ulong NarrowGap = 32 * PageRun.PageSize;
    private const ulong WideGap = 32 * NarrowGap;

    private readonly ulong _length;
    private readonly string _name;

    /// <summary>What is mapped: a layer of our own that nobody else has, or frozen content.</summary>
    private MemoryLayer? _own;
    private LayeredMemory? _frozen;

    /// <summary>The bytes are right, but not all of them come from the layers that should have them.</summary>
    private bool _mixed;

    /// <summary>What was frozen last is still being copied, or was until now; and what was mapped before.</summary>
    private LayerFill? _fill;
    private LayeredMemory? _before;

    /// <param name="length">Whole host pages.</param>
    public SharingMapping(ulong length, string name)
    {
        _length = length;
        _name = name;
        _own = MemoryLayer.Create(length, name);
        byte* address = AddressRange.Reserve(length);
        try
        {
            if (address == null) throw OutOfMemory(length);
            Map(address, new PageRun(0, length), _own, MapShared);
        }
        catch (OutOfMemoryException)
        {
            if (address != null) AddressRange.Release(address, length);
            _own.Release();
            throw;
        }

        Address = address;

        AdviseHugePages();
    }

    public override void Keep(ulong offset) => _fill?.Keep(offset);

    public override void Discard(ulong offset, ulong length)
    {
        _fill?.Finish();
        if (offset == 0 && length + (ulong)Environment.SystemPageSize > _length)
        {
            DiscardAll();
            return;
        }

        ulong pageSize = (ulong)Environment.SystemPageSize;
        ulong first = (offset + pageSize - 1) & ~(pageSize - 1);
        ulong last = (offset + length) & ~(pageSize - 1);
        if (_own is null || first >= last || Madvise(Address + first, (nuint)(last - first), MadviseRemove) != 0)
        {
            Clear(offset, offset + length);
            return;
        }

        // Partial pages at the ends are cleared by hand.
        Clear(offset, first);
        Clear(last, offset + length);
    }

    public override FrozenMemory Freeze(ReadOnlySpan<ulong> changed)
    {
        if (_frozen is null)
        {
            // The pages that there are become the layer: nothing is copied.
            LayeredMemory first = LayeredMemory.Of(_own!.Share(), _length);
            Adopt(first, [new PageRun(0, _length)]);
            return first.Share();
        }

        List<PageRun> runs = PageRun.Find(Settle(changed), _length);
        if (runs.Count == 0) return _frozen.Share();
        MemoryLayer layer = MemoryLayer.Create(_length, _name);
        try
        {
            LayeredMemory next = Extend(_frozen, layer, ref runs);
            (_before, _frozen) = (_frozen, next);
            _fill = new LayerFill(Address, _length, layer.Share(), runs, run => Map(Address + run.Offset, run, layer, MapPrivate));
            return next.Share();
        }
        finally
        {
            layer.Release();
        }
    }

    public override void Restore(FrozenMemory content, ReadOnlySpan<ulong> changed)
    {
        var wanted = (LayeredMemory)content;
        if (wanted.Length != _length) throw new ArgumentException("The content is of a block of another length.", nameof(content));
        changed = Settle(changed);
        if (_mixed || _frozen is null || !_frozen.IsSame(wanted))
        {
            Adopt(wanted.Share(), [new PageRun(0, _length)]);
            return;
        }

        // The same layers: it is enough to give up the pages of our own.
        foreach (PageRun run in PageRun.Find(changed, _length))
        {
            if (Madvise(Address + run.Offset, (nuint)run.Length, MadviseDontNeed) != 0) throw OutOfMemory(run.Length);
        }
    }

    public override void Dispose()
    {
        byte* address = Address;
        if (address == null) return;
        _fill?.Finish();
        Address = null;
        AddressRange.Release(address, _length);
        Replace(null, null);
    }

    private void DiscardAll()
    {
        if (_own is not null && Madvise(Address, (nuint)_length, MadviseRemove) == 0) return;
        MemoryLayer fresh = MemoryLayer.Create(_length, _name);
        Map(Address, new PageRun(0, _length), fresh, MapShared);
        Replace(fresh, null);
        AdviseHugePages();
    }

    /// <summary>What is frozen with a layer of what has changed, in no more extents than there may be: the further apart its pages are the more of those between them are copied, too; in the end all that there is.</summary>
    /// <param name="runs">What has changed; what is to be copied to the layer.</param>
    private LayeredMemory Extend(LayeredMemory frozen, MemoryLayer layer, ref List<PageRun> runs)
    {
        for (ulong gap = NarrowGap; gap <= WideGap; gap *= 4)
        {
            LayeredMemory next = frozen.With(runs, layer);
            if (next.Extents.Count <= MaxExtents) return next;
            next.Dispose();
            runs = PageRun.Join(runs, gap);
        }

        using LayeredMemory all = frozen.With(runs, layer);
        runs = PageRun.Join(all.Extents.SelectMany(e => e.Layer == layer ? [e.Run] : e.Layer.Data(e.Run)), 0);
        return LayeredMemory.Of(layer.Share(), _length);
    }

    /// <summary>Ends the copying of what was frozen last.</summary>
    /// <returns>What has changed since it was frozen; if it could not be copied, since the time before.</returns>
    private ReadOnlySpan<ulong> Settle(ReadOnlySpan<ulong> changed)
    {
        if (_fill is not { } fill) return changed;
        fill.Finish();
        _fill = null;
        _mixed |= !fill.IsMapped;
        (LayeredMemory before, _before) = (_before!, null);
        if (fill.Failure is null)
        {
            before.Dispose();
            return changed;
        }

        _frozen!.Dispose();
        _frozen = before;
        ulong[] all = [.. fill.Frozen];
        for (int i = 0; i < changed.Length; i++) all[i] |= changed[i];
        return all;
    }

    /// <summary>Maps frozen content, which becomes ours, where it differs from what is mapped.</summary>
    private void Adopt(LayeredMemory content, List<PageRun> where)
    {
        try
        {
            foreach (LayeredMemory.Extent extent in content.Extents) extent.Layer.WaitUntilFilled();
            int next = 0;
            foreach (LayeredMemory.Extent extent in content.Extents)
            {
                while (next < where.Count && where[next].End <= extent.Run.Offset) next++;
                if (next == where.Count) break;
                if (where[next].Offset >= extent.Run.End) continue;
                Map(Address + extent.Run.Offset, extent.Run, extent.Layer, MapPrivate);
            }
        }
        catch (OutOfMemoryException)
        {
            _mixed = true;
            content.Dispose();
            throw;
        }

        _mixed &= where[0].Length < _length;
        Replace(null, content);
    }

    private void Replace(MemoryLayer? own, LayeredMemory? frozen)
    {
        _own?.Release();
        _frozen?.Dispose();
        _before?.Dispose();
        (_own, _frozen, _before, _fill) = (own, frozen, null, null);
    }

    private void Clear(ulong start, ulong end)
    {
        if (start < end) NativeMemory.Clear(Address + start, (nuint)(end - start));
    }

    // Advice only: hosts without huge pages for shared memory refuse it, and nothing is lost.
    private void AdviseHugePages() => _ = Madvise(Address, (nuint)_length, MadviseHugePage);

    private static void Map(byte* address, PageRun run, MemoryLayer layer, int sharing)
    {
        if ((nint)Mmap(address, (nuint)run.Length, ProtReadWrite, sharing | MapFixed | MapNoReserve, layer.Descriptor, (long)run.Offset) == -1) throw OutOfMemory(run.Length);
    }
}
