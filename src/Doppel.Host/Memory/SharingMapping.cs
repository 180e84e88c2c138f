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

    private readonly ulong _length;
    private readonly string _name;

    /// <summary>What is mapped: a layer of our own that nobody else has, or frozen content.</summary>
    private MemoryLayer? _own;
    private LayeredMemory? _frozen;

    /// <summary>The bytes are right, but not all of them come from the layers that should have them.</summary>
    private bool _mixed;

    /// <summary>What of this block is still being copied.</summary>
    private readonly PendingFills _fills = new();

    /// <summary>Those who still copy what is mapped here, if it is the content of a block that was frozen just now.</summary>
    private volatile LayerFill[] _sources = [];

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

    public override bool IsWhole
    {
        get
        {
            foreach (LayerFill source in _sources)
            {
                if (!source.IsCopied) return false;
            }

            return true;
        }
    }

    public override void FinishCopying()
    {
        _fills.CopyNow();
        CopySources();
    }

    public override void PrepareFreeze()
    {
        _fills.MakeRoom();
        CopySources();
    }

    public override void Keep(ulong offset) => _fills.Keep(offset);

    public override void Fetch(ulong offset)
    {
        foreach (LayerFill source in _sources)
        {
            source.Fetch(offset);
            if (source.Failure is { } failure) throw new OutOfMemoryException(failure.Message, failure);
        }
    }

    public override void Discard(ulong offset, ulong length)
    {
        _fills.Finish();
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
            Adopt(first);
            return first.Share();
        }

        _mixed |= _fills.Settle(all: false, ref _frozen, ref changed);
        List<PageRun> runs = PageRun.Find(changed, _length);
        if (runs.Count == 0) return _frozen.Share();
        MemoryLayer layer = MemoryLayer.Create(_length, _name);
        try
        {
            LayeredMemory next = _frozen.With(layer, ref runs);
            LayerFill fill;
            try
            {
                fill = new LayerFill(Address, _length, layer.Share(), runs, run => Map(Address + run.Offset, run, layer, MapPrivate));
            }
            catch
            {
                layer.Release();
                next.Dispose();
                throw;
            }

            _fills.Add(fill, _frozen);
            _frozen = next;
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
        if (_frozen is not null) _mixed |= _fills.Settle(all: true, ref _frozen, ref changed);
        if (_mixed || _frozen is null || !_frozen.IsSame(wanted))
        {
            // All pages at once: each mapping over some would have all processors forget them.
            _ = Madvise(Address, (nuint)_length, MadviseDontNeed);
            Adopt(wanted.Share());
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
        _fills.Clear();
        _fills.WaitForReaders();
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

    /// <summary>Has all of what is mapped where it is mapped from.</summary>
    private void Complete()
    {
        foreach (LayerFill source in _sources) source.WaitUntilCopied(helps: true);
        _sources = [];
    }

    private void CopySources()
    {
        foreach (LayerFill source in _sources)
        {
            if (source.Failure is null) source.CopyNow();
        }
    }

    /// <summary>Maps frozen content, which becomes ours.</summary>
    private void Adopt(LayeredMemory content)
    {
        var sources = new List<LayerFill>();
        try
        {
            // What is still being copied is mapped already, and each page is asked for before it is touched.
            foreach (LayeredMemory.Extent extent in content.Extents)
            {
                if (extent.Layer.Fill is not { IsCopied: false } fill || sources.Contains(fill)) continue;
                if (fill.Failure is not null) fill.WaitUntilCopied(helps: true);
                sources.Add(fill);
            }

            // Most extents are of one layer, with others between them: it is mapped once, and those over it. To map each of them takes twice the time.
            MemoryLayer most = content.MostFrequent;
            Map(Address, new PageRun(0, _length), most, MapPrivate);
            foreach (LayeredMemory.Extent extent in content.Extents)
            {
                if (extent.Layer != most) Map(Address + extent.Run.Offset, extent.Run, extent.Layer, MapPrivate);
            }
        }
        catch (OutOfMemoryException)
        {
            _mixed = true;
            content.Dispose();
            throw;
        }

        _mixed = false;

        // What nobody else has of the content before, the host has to free: of all that was written since the boot that takes tens of milliseconds, and the machine stands still.
        Replace(null, content, later: _frozen is not null);
        _sources = [.. sources];
    }

    /// <param name="later">Whether what was mapped before is let go of in the background.</param>
    private void Replace(MemoryLayer? own, LayeredMemory? frozen, bool later = false)
    {
        (MemoryLayer? oldOwn, LayeredMemory? old) = (_own, _frozen);
        (_own, _frozen, _sources) = (own, frozen, []);
        _fills.Clear();
        if (later) _ = Task.Run(() => BackgroundThread.RunAsync("doppel-free", LetGo));
        else LetGo();

        void LetGo()
        {
            oldOwn?.Release();
            old?.Dispose();
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
