using Doppel.CodeGen;
using Doppel.Core.Engine;

namespace Doppel.Engines.Translator;

/// <summary>The views of memory that the vCPU has, what is dropped from them, and where code is.</summary>
internal sealed partial class TranslatedVcpu
{
    public void ContextChanged()
    {
        ProcessorContext context = _processor.Context;
        if (context == _context) return;
        Counters.ContextChanges++;
        Deselect();
        if (context.Space != _context.Space) _contexts.Clear();

        // Running code sees other data from its next access on; it has to be left only if it is not the same code any more.
        if (context with { DataView = _context.DataView, SharesData = _context.SharesData } != _context) _changed = true;
        SetContext(context);
        (_data, _fetch) = Activate();
    }

    public void FlushTranslations()
    {
        Counters.Flushes++;
        _dataViews.FlushAll();
        _fetchViews.FlushAll();
        _contexts.Clear();
        Deselect();
        SetContext(_processor.Context);
        (_data, _fetch) = Activate();
        _changed = true;
    }

    public void FlushSpaces(ulong mask, ulong value)
    {
        Counters.SpaceFlushes++;
        _dataViews.FlushSpaces(mask, value);
        _fetchViews.FlushSpaces(mask, value);
        _changed = true;
    }

    public void FlushPage(ulong address)
    {
        Counters.PageFlushes++;
        _dataViews.DropPage(address & PageMask);
        _fetchViews.DropPage(address & PageMask);
        _changed = true;
    }

    public void FlushCode()
    {
        Counters.CodeFences++;
        _epoch++;
        _fetchViews.FlushAll();
        _contexts.Clear();
        if (!_fetch.TryKeep(_areRight, _fetchViews.Generation)) (_data, _fetch) = Activate();
        _changed = true;
    }

    private void SetContext(in ProcessorContext context)
    {
        _context = context;
        _counts = _translator.FrontEnd.Counts(context.CodeMode);
    }

    /// <summary>The context was changed by others than generated code: whatever that selects next, it is a change.</summary>
    private void Deselect() => _selected = Frame(FrameSlot.Context) = ContextTable.None;

    /// <summary>Generated code has changed the context by itself.</summary>
    private void FollowSelection()
    {
        ulong selected = Frame(FrameSlot.Context);
        _processor.ContextSelected();
        _selected = Frame(FrameSlot.Context) = selected;
    }

    private (DataTables Data, FetchTables Fetch) Activate()
    {
        int reused = _dataViews.Reused + _fetchViews.Reused;
        DataTables data = _dataViews.Get(_context.DataView, _context.SharesData, _context.Space);

        // Code that keeps its view has sites, which are of one view: contexts of another must be asked for.
        if (_translator.FrontEnd.KeepsView(_context.CodeMode) && _sites.Use(data)) _contexts.Clear();
        FetchTables fetch = _fetchViews.Get(_context.FetchView << 8 | _context.CodeMode, _context.SharesFetch, _context.Space);
        if (_dataViews.Reused + _fetchViews.Reused != reused) _contexts.Clear();
        Frame(FrameSlot.ReadTlb) = (ulong)data.ReadAddress;
        Frame(FrameSlot.WriteTlb) = (ulong)data.WriteAddress;
        Frame(FrameSlot.JumpCache) = (ulong)fetch.JumpsAddress;
        Frame(FrameSlot.PresentPages) = (ulong)fetch.PresentAddress;
        return (data, fetch);
    }

    /// <summary>Some of the code that is known here has been withdrawn.</summary>
    private void ForgetCode()
    {
        _fetchViews.FlushAll();
        _contexts.Clear();
        (_data, _fetch) = Activate();
    }

    /// <summary>The code for a virtual address, translated if need be; null if it cannot be, or is not worth it yet.</summary>
    private Region? FindRegion(ulong address)
    {
        bool makes = !IsCold;
        ulong pageAddress = address & PageMask;
        int entry = (int)(address & ~PageMask);
        if (FindPage(pageAddress, makes) is not { } page) return null;
        CodePage? next = null;
        if (_cache.NeedsNextPage(page, entry) && (next = FindPage(pageAddress + CodePage.Size, makes)) is null) return null;
        if (_cache.RegionAt(page, entry, _context.CodeMode, next, address, makes) is not { } region) return null;
        _fetch.Prefer(pageAddress, page);
        if (_translator.ShowsEntries) _translator.Entered(_number, address, page, _context.CodeMode);
        else _fetch.AddJump(address, region.Address);
        return region;
    }

    /// <summary>The page of code at a virtual address, as it is now; null if there is none to be translated.</summary>
    /// <param name="makes">Whether it may become known only now.</param>
    private CodePage? FindPage(ulong address, bool makes)
    {
        if (_fetch.PageAt(address) is { } known) return known;
        if (!makes || !_processor.TryMapPage(address, PageAccess.Execute, out PageMapping mapping)) return null;
        if (_cache.PageOf(mapping, _number, _epoch) is not { } page) return null;
        _fetch.AddPage(address, page, mapping.Global);
        return page;
    }

    /// <summary>Where the code for a virtual address is, 0 if there cannot be any, or is not to be.</summary>
    private nint Find(ulong address)
    {
        nint known = _fetch.FindJump(address);
        return known != 0 ? known : FindRegion(address)?.Address ?? 0;
    }
}
