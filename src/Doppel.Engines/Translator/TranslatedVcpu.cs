using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Doppel.CodeGen;
using Doppel.Core.Engine;
using Doppel.Core.Vcpu;

namespace Doppel.Engines.Translator;

/// <summary>The translator as one vCPU uses it: its views of memory, and what generated code asks while it runs.</summary>
internal sealed class TranslatedVcpu : ICodeEngine, IDisposable
{
    private const ulong PageMask = ~0xfffUL;
    private const int Views = 24;

    /// <summary>A bit of the attention slot that no instruction set uses.</summary>
    private const ulong LeaveCode = 1UL << 63;

    private readonly CodeTranslator _translator;
    private readonly IGuestProcessor _processor;
    private readonly CpuState _state;
    private readonly int _number;
    private readonly int _pcSlot;
    private readonly int _frame;
    private readonly GCHandle _handle;
    private readonly ViewSet<DataTables> _dataViews = new(Views);
    private readonly ViewSet<FetchTables> _fetchViews = new(Views);
    private readonly SiteTable _sites;
    private readonly ContextTable _contexts = new();
    private readonly CodeCache _cache;
    private ProcessorContext _context;
    private DataTables _data;
    private FetchTables _fetch;

    // What generated code had selected when _context was true of the processor.
    private ulong _selected;
    private uint _epoch = 1;
    private bool _changed;
    private Exception? _failure;

    // What the budget was when the processor was last told how many instructions had been executed.
    private long _granted;
    private bool _isShort;

    public TranslatedVcpu(CodeTranslator translator, IGuestProcessor processor, int number)
    {
        _translator = translator;
        _processor = processor;
        _state = processor.State;
        _number = number;
        _pcSlot = translator.FrontEnd.PcSlot;
        _frame = translator.Target.FirstEngineSlot;
        _cache = translator.Cache;
        _handle = GCHandle.Alloc(this);
        Frame(FrameSlot.Engine) = (ulong)GCHandle.ToIntPtr(_handle);
        Frame(FrameSlot.Callback) = (ulong)EngineCallbacks.Address;
        Frame(FrameSlot.HostFloatControl) = X64FloatControl.Host;
        _sites = new SiteTable(_state, _frame);
        Frame(FrameSlot.Contexts) = (ulong)_contexts.Address;
        Deselect();
        _context = processor.Context;
        (_data, _fetch) = Activate();
    }

    public VcpuCounters Counters { get; } = new();

    private ref ulong Pc => ref _state.At(_pcSlot);

    public bool Counts => _translator.Counts;

    public void Run(long budget)
    {
        if (!Counts)
        {
            Run();
            return;
        }

        Budget = _granted = budget;
        _isShort = false;
        Run();
        Settle();

        // Fewer are left than the next block has instructions: the processor executes them one by one.
        for (bool goesOn = _isShort && Budget > 0; goesOn && Budget > 0; goesOn = _processor.CanGoOn)
        {
            ulong executed = _processor.InstructionsExecuted;
            _processor.Step();
            Spend(executed);
        }
    }

    private void Run()
    {
        if (_cache.Users.Enter(_number)) ForgetCode();

        // Not everything that code depends on is announced: a stepped instruction may have changed the floating-point state.
        ContextChanged();
        ulong pc = Pc;
        nint code = Find(pc);
        if (code == 0)
        {
            // The code cannot be translated where it is, or there is no room for it as long as others are where the room is.
            _cache.Users.Leave(_number);
            _processor.Step();
            return;
        }

        Counters.Entries++;
        Pc = pc & PageMask;
        LoadFloatControl();
        LeaveReason reason = EngineCallbacks.Enter(_cache.EnterAddress, _state.Address, code);
        _cache.Users.Leave(_number);
        StoreFloatFlags();
        if (reason != LeaveReason.Failed) return;
        Exception failure = _failure!;
        _failure = null;
        ExceptionDispatchInfo.Throw(failure);
    }

    public void ContextChanged()
    {
        ProcessorContext context = _processor.Context;
        if (context == _context) return;
        Counters.ContextChanges++;
        Deselect();
        if (context.Space != _context.Space) _contexts.Clear();

        // Running code sees other data from its next access on; it has to be left only if it is not the same code any more.
        if (context with { DataView = _context.DataView, SharesData = _context.SharesData } != _context) _changed = true;
        _context = context;
        (_data, _fetch) = Activate();
    }

    public void FlushTranslations()
    {
        Counters.Flushes++;
        _dataViews.FlushAll();
        _fetchViews.FlushAll();
        _contexts.Clear();
        Deselect();
        _context = _processor.Context;
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
        if (!_fetch.TryKeep((page, version) => _cache.Validate(page, version, _number, _epoch), _fetchViews.Generation)) (_data, _fetch) = Activate();
        _changed = true;
    }

    /// <summary>Makes the vCPU leave generated code soon. Any thread.</summary>
    public void DemandAttention() => Interlocked.Or(ref _state.Attention, LeaveCode);

    /// <summary>What generated code asks. The program counter's slot holds the page's address when it begins and, if the code goes on, when it ends.</summary>
    public LeaveReason Serve(CallbackKind kind, ulong a, ulong b, long distance)
    {
        Counters.Count(kind);
        if (Counts) Settle();
        if (Frame(FrameSlot.Context) != _selected) FollowSelection();
        LeaveReason reason = Answer(kind, a, b, distance);
        if (reason != LeaveReason.None) Counters.CountLeave(kind);
        return reason;
    }

    private LeaveReason Answer(CallbackKind kind, ulong a, ulong b, long distance) =>
        kind switch
        {
            <= CallbackKind.Load64 => Load(a, 1 << (int)kind, distance),
            <= CallbackKind.Store64 => Store(a, 1 << (kind - CallbackKind.Store8), b, distance),
            CallbackKind.Step => Step(distance),
            CallbackKind.StepLast => StepAndLeave(distance),
            CallbackKind.StepAtomic => StepAtomic(a, stores: b != 0, distance),
            CallbackKind.Link => FollowLink((int)a),
            CallbackKind.Lookup => Lookup(a),
            CallbackKind.Attention => LeaveAt(distance),
            CallbackKind.Budget => LeaveShort(distance),
            CallbackKind.Context => SelectContext(a),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Generated code asks for what does not exist."),
        };

    /// <summary>Keeps an exception until generated code has been left.</summary>
    public LeaveReason Fail(Exception exception)
    {
        _failure = exception;
        return LeaveReason.Failed;
    }

    public void Dispose()
    {
        _handle.Free();
    }

    private long Budget
    {
        get => (long)Frame(FrameSlot.Budget);
        set => Frame(FrameSlot.Budget) = (ulong)value;
    }

    private ref ulong Frame(int number) => ref _state.At(_frame + number);

    /// <summary>The context was changed by others than generated code: whatever that selects next, it is a change.</summary>
    private void Deselect() => _selected = Frame(FrameSlot.Context) = ContextTable.None;

    /// <summary>Generated code has changed the context by itself.</summary>
    private void FollowSelection()
    {
        ulong selected = Frame(FrameSlot.Context);
        _processor.ContextSelected();
        _selected = Frame(FrameSlot.Context) = selected;
    }

    private LeaveReason SelectContext(ulong number)
    {
        _processor.ContextSelected();
        _selected = Frame(FrameSlot.Context) = number;

        // It may be the context that we knew last, and generated code has been in another since.
        (_data, _fetch) = Activate();
        _contexts.Fill(number, _data, _fetch);
        return LeaveReason.None;
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

    /// <summary>The code for a virtual address, translated if need be; null if it cannot be.</summary>
    private Region? FindRegion(ulong address)
    {
        ulong pageAddress = address & PageMask;
        int entry = (int)(address & ~PageMask);
        if (FindPage(pageAddress) is not { } page) return null;
        CodePage? next = null;
        if (_translator.FrontEnd.NeedsNextPage(page.Copy, entry) && (next = FindPage(pageAddress + CodePage.Size)) is null) return null;
        if (_cache.RegionAt(page, entry, _context.CodeMode, next, address) is not { } region) return null;
        _fetch.Prefer(pageAddress, page);
        if (_translator.ShowsEntries) _translator.Entered(_number, address, page, _context.CodeMode);
        else _fetch.AddJump(address, region.Address);
        return region;
    }

    /// <summary>The page of code at a virtual address, as it is now; null if there is none to be translated.</summary>
    private CodePage? FindPage(ulong address)
    {
        if (_fetch.PageAt(address) is { } known) return known;
        if (!_processor.TryMapPage(address, PageAccess.Execute, out PageMapping mapping)) return null;
        if (_cache.PageOf(mapping, _number, _epoch) is not { } page) return null;
        _fetch.AddPage(address, page, mapping.Global);
        return page;
    }

    /// <summary>Where the code for a virtual address is, 0 if there cannot be any.</summary>
    private nint Find(ulong address)
    {
        nint known = _fetch.FindJump(address);
        return known != 0 ? known : FindRegion(address)?.Address ?? 0;
    }

    private LeaveReason Load(ulong address, int size, long distance)
    {
        ulong page = address & PageMask;
        if (!Crosses(address, size) && _processor.TryMapPage(address, PageAccess.Read, out PageMapping mapping))
        {
            Fill(write: false, page, mapping);
            Frame(FrameSlot.Result) = mapping.Load(address - page, size);
            return LeaveReason.None;
        }

        if (Counts) return StepInstead(distance);
        ulong code = Pc;
        Pc = code + (ulong)distance;
        if (!_processor.TryLoad(address, size, out Frame(FrameSlot.Result))) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    private LeaveReason Store(ulong address, int size, ulong value, long distance)
    {
        ulong page = address & PageMask;
        if (!Crosses(address, size) && _processor.TryMapPage(address, PageAccess.Write, out PageMapping mapping))
        {
            Fill(write: true, page, mapping);
            mapping.Store(address - page, size, value);
            return LeaveReason.None;
        }

        if (Counts) return StepInstead(distance);
        ulong code = Pc;
        Pc = code + (ulong)distance;
        if (!_processor.TryStore(address, size, value)) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    private static bool Crosses(ulong address, int size) => (address & ~PageMask) + (ulong)size > CodePage.Size;

    private void Fill(bool write, ulong page, in PageMapping mapping)
    {
        if (mapping.Region != _translator.Ram) return;
        Counters.TlbFills++;
        _data.Fill(write, page, mapping.Region.Host.Address + (nint)mapping.Offset, mapping.Global);
    }

    private LeaveReason StepAtomic(ulong address, bool stores, long distance)
    {
        // The next time it is found. Load-reserved looks for the page among those to be read, the others among those to be written; the step has made it dirty, if it did.
        LeaveReason reason = Step(distance);
        if (reason != LeaveReason.None) return reason;
        if (_processor.TryMapPage(address, PageAccess.Read, out PageMapping mapping)) Fill(write: false, address & PageMask, mapping);
        if (stores && _processor.TryMapPage(address, PageAccess.Write, out mapping)) Fill(write: true, address & PageMask, mapping);
        return reason;
    }

    private LeaveReason Step(long distance)
    {
        ulong code = Pc;
        StoreFloatFlags();
        _changed = false;
        Pc = code + (ulong)distance;
        ulong executed = Counts ? _processor.InstructionsExecuted : 0;
        bool goesOn = _processor.Step() && !_changed;
        if (Counts) Spend(executed);
        LoadFloatControl();
        if (!goesOn) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    /// <summary>
    /// The processor executes an access that needs it, whole: what is behind it may look at the time, and may want something of the processor before the next instruction.
    /// </summary>
    private LeaveReason StepInstead(long distance)
    {
        StoreFloatFlags();
        Pc += (ulong)distance;
        ulong executed = _processor.InstructionsExecuted;
        _processor.Step();
        Spend(executed);
        LoadFloatControl();
        return LeaveReason.Left;
    }

    private LeaveReason StepAndLeave(long distance)
    {
        StoreFloatFlags();
        Pc += (ulong)distance;
        ulong executed = Counts ? _processor.InstructionsExecuted : 0;
        _processor.Step();
        if (Counts) Spend(executed);
        LoadFloatControl();
        if (!_processor.CanGoOn) return LeaveReason.Left;
        ContextChanged();
        ulong target = Pc;
        return GoOn(Find(target), target);
    }

    private LeaveReason FollowLink(int number)
    {
        Link link = _cache.LinkAt(number);
        ulong code = Pc;
        ulong target = code + (ulong)link.Site.Distance;
        Pc = target;
        if (FindRegion(target) is not { } region) return LeaveReason.Left;
        if (!_translator.ShowsEntries) _cache.Connect(number, region, _number);
        return GoOn(region.Address, target);
    }

    private LeaveReason Lookup(ulong target)
    {
        Pc = target;
        return GoOn(Find(target), target);
    }

    private LeaveReason GoOn(nint address, ulong target)
    {
        if (address == 0) return LeaveReason.Left;
        Frame(FrameSlot.Result) = (ulong)address;
        Pc = target & PageMask;
        return LeaveReason.None;
    }

    private LeaveReason LeaveShort(long distance)
    {
        _isShort = true;
        return LeaveAt(distance);
    }

    /// <summary>Tells the processor what generated code has executed.</summary>
    private void Settle()
    {
        long executed = _granted - Budget;
        _processor.Retire(executed);
        _granted = Budget;
    }

    /// <summary>Takes what the processor has executed from the budget.</summary>
    /// <param name="before">How many it had before.</param>
    private void Spend(ulong before)
    {
        Budget -= (long)(_processor.InstructionsExecuted - before);
        _granted = Budget;
    }

    private LeaveReason LeaveAt(long distance)
    {
        Pc += (ulong)distance;
        return LeaveReason.Left;
    }

    private void LoadFloatControl()
    {
        Frame(FrameSlot.GuestFloatControl) = X64FloatControl.From(_processor.FloatEnvironment);
    }

    /// <summary>Gives the flags that generated code has raised to the processor.</summary>
    private void StoreFloatFlags()
    {
        // Even if they are those of before: the guest may have cleared and raised them again.
        ulong now = Frame(FrameSlot.GuestFloatControl);
        _processor.FloatEnvironment = new FloatEnvironment(X64FloatControl.Exceptions((uint)now), default);
    }
}
