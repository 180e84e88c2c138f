using System.Runtime.InteropServices;
using Doppel.Host.Threading;
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

    /// <summary>More there may not be: a process may have about 65,000 mappings, and each machine on the content needs these, and the time to make them.</summary>
    private const int MaxExtents = 128;

    /// <summary>So many are never copied to have fewer extents.</summary>
    private const int LongExtents = 16;

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

    /// <summary>Copying that has been ended, in which somebody may still be held up.</summary>
    private readonly List<LayerFill> _earlier = [];

    /// <summary>Who still copies what is mapped here, if it is the content of a block that was frozen just now.</summary>
    private volatile LayerFill? _source;

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

    public override bool IsWhole => _source is not { IsCopied: false };

    public override void FinishCopying()
    {
        // If there was no room for all pages, who has the layer is told, and the next freeze keeps them once more.
        if (_fill is { Failure: null } fill) fill.CopyNow();
        if (_source is { Failure: null } source) source.CopyNow();
    }

    public override void Keep(ulong offset) => _fill?.Keep(offset);

    public override void Fetch(ulong offset)
    {
        if (_source is not { } source) return;
        source.Fetch(offset);
        if (source.Failure is { } failure) throw new OutOfMemoryException(failure.Message, failure);
    }

    public override void Discard(ulong offset, ulong length)
    {
        _fill?.Finish();
        if (offset == 0 && length + (ulong)Environment.SystemPageSize > _length)
        {
            DiscardAll();
            return;
        }

        Complete();
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
        Complete();
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
            try
            {
                _fill = new LayerFill(Address, _length, layer.Share(), runs, run => Map(Address + run.Offset, run, layer, MapPrivate));
            }
            catch
            {
                layer.Release();
                next.Dispose();
                throw;
            }

            (_before, _frozen) = (_frozen, next);
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
        Complete();
        changed = Settle(changed);
        if (_mixed || _frozen is null || !_frozen.IsSame(wanted))
        {
            // All pages at once: each mapping over some would have all processors forget them.
            _ = Madvise(Address, (nuint)_length, MadviseDontNeed);
            Adopt(wanted.Share(), [new PageRun(0, _length)]);
            return;
        }

        // The same layers: it is enough to give up the pages of our own.
        foreach (PageRun run in PageRun.FindWide(changed, _length))
        {
            if (Madvise(Address + run.Offset, (nuint)run.Length, MadviseDontNeed) != 0) throw OutOfMemory(run.Length);
        }
    }

    public override void Dispose()
    {
        byte* address = Address;
        if (address == null) return;
        _fill?.Finish();
        _fill?.WaitForReaders();
        foreach (LayerFill fill in _earlier) fill.WaitForReaders();
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

    /// <summary>What is frozen with a layer of what has changed, in no more extents than there may be: if there were more, the shortest of the others are copied along.</summary>
    /// <param name="runs">What has changed; what is to be copied to the layer.</param>
    private static LayeredMemory Extend(LayeredMemory frozen, MemoryLayer layer, ref List<PageRun> runs)
    {
        LayeredMemory next = frozen.With(runs, layer);
        while (next.Extents.Count > MaxExtents)
        {
            // Each of them is between two others, which become one with it. Some more, or the next freeze would have to, too.
            int count = (next.Extents.Count - MaxExtents * 3 / 4) / 2;
            List<PageRun> others = [.. next.Extents.Where(e => e.Layer != layer).Select(e => e.Run).OrderBy(r => r.Length)];

            // The longest may be all of RAM that was never used.
            runs = PageRun.Join(runs.Concat(others.Take(Math.Min(count, others.Count - LongExtents))).OrderBy(r => r.Offset));
            next.Dispose();
            next = frozen.With(runs, layer);
        }

        return next;
    }

    /// <summary>Has all of what is mapped where it is mapped from.</summary>
    private void Complete()
    {
        _source?.WaitUntilCopied(helps: true);
        _source = null;
    }

    /// <summary>Ends the copying of what was frozen last.</summary>
    /// <returns>What has changed since it was frozen; if it could not be copied, since the time before.</returns>
    private ReadOnlySpan<ulong> Settle(ReadOnlySpan<ulong> changed)
    {
        if (_fill is not { } fill) return changed;
        fill.Finish();
        _fill = null;
        _earlier.RemoveAll(f => f.IsOver);
        _earlier.Add(fill);
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
        LayerFill? source = null;
        try
        {
            // What is still being copied is mapped already, and each page is asked for before it is touched. One layer is: only what was frozen last.
            foreach (LayeredMemory.Extent extent in content.Extents)
            {
                if (extent.Layer.Fill is not { } fill || fill == source) continue;
                source?.WaitUntilCopied(helps: true);
                source = fill;
            }

            if (source is { Failure: not null }) source.WaitUntilCopied(helps: true);
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

        // What nobody else has of the content before, the host has to free: of all that was written since the boot that takes tens of milliseconds, and the machine stands still.
        Replace(null, content, later: _frozen is not null);
        _source = source;
    }

    /// <param name="later">Whether what was mapped before is let go of in the background.</param>
    private void Replace(MemoryLayer? own, LayeredMemory? frozen, bool later = false)
    {
        (MemoryLayer? oldOwn, LayeredMemory? old, LayeredMemory? before) = (_own, _frozen, _before);
        (_own, _frozen, _before, _fill, _source) = (own, frozen, null, null, null);
        if (later) _ = Task.Run(() => BackgroundThread.RunAsync("doppel-free", LetGo));
        else LetGo();

        void LetGo()
        {
            oldOwn?.Release();
            old?.Dispose();
            before?.Dispose();
        }
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
