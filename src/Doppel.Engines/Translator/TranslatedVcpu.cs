using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Doppel.CodeGen;
using Doppel.Core.Engine;
using Doppel.Core.Vcpu;

namespace Doppel.Engines.Translator;

/// <summary>The translator as one vCPU uses it: its views of memory, and what generated code asks while it runs.</summary>
internal sealed partial class TranslatedVcpu : ICodeEngine, IDisposable
{
    private const ulong PageMask = ~0xfffUL;
    private const int Views = 24;

    /// <summary>So many instructions are interpreted until it is looked again whether there is code.</summary>
    private const int ColdStretch = 128;

    private readonly CodeTranslator _translator;
    private readonly IGuestProcessor _processor;
    private readonly CpuState _state;
    private readonly int _number;
    private readonly int _pcSlot;
    private readonly int _frame;
    private readonly GCHandle _handle;
    private readonly ViewSet<DataTables> _dataViews = new(Views, () => new DataTables());
    private readonly ViewSet<FetchTables> _fetchViews;
    private readonly SiteTable _sites;
    private readonly SiteRefills _refills;
    private readonly ContextTable _contexts = new();
    private readonly CodeCache _cache;
    private readonly ColdAllowance _cold;

    // Fences of code come by the ten thousands when a kernel patches itself.
    private readonly PageComparison _areRight;
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

    // Whether code of the present context counts its instructions.
    private bool _counts;

    public TranslatedVcpu(CodeTranslator translator, IGuestProcessor processor, int number)
    {
        _translator = translator;
        _processor = processor;
        _state = processor.State;
        _number = number;
        _pcSlot = translator.FrontEnd.PcSlot;
        _frame = translator.Target.FirstEngineSlot;
        _cache = translator.Cache;
        _cold = translator.NewAllowance();
        _areRight = pages => _cache.AreRight(pages, _number, _epoch);
        _fetchViews = new ViewSet<FetchTables>(Views, () => new FetchTables(_cache.Numbers));
        _handle = GCHandle.Alloc(this);
        Frame(FrameSlot.Engine) = (ulong)GCHandle.ToIntPtr(_handle);
        Frame(FrameSlot.Callback) = (ulong)EngineCallbacks.Address;
        Frame(FrameSlot.HostFloatControl) = X64FloatControl.Host;
        _sites = new SiteTable(_state, _frame);
        _refills = new SiteRefills(_state, _frame, translator.RefillNanoseconds, translator.Time);
        Frame(FrameSlot.Contexts) = (ulong)_contexts.Address;
        Deselect();
        SetContext(processor.Context);
        (_data, _fetch) = Activate();
    }

    public VcpuCounters Counters { get; } = new();

    private ref ulong Pc => ref _state.At(_pcSlot);

    public bool Counts => _translator.Counts;

    public void Run(long budget)
    {
        // Not everything that code depends on is announced: a stepped instruction may have changed the floating-point state.
        ContextChanged();
        if (!_counts)
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
        if (_refills.Look(out SiteUser refiller) && _cache.GiveUpSite(refiller)) ForgetCode();
        ulong pc = Pc;
        nint code = Find(pc);
        if (code == 0)
        {
            // It is not worth translating yet, it cannot be where it is, or there is no room for it as long as others are where the room is.
            _cache.Users.Leave(_number);
            if (IsCold) Interpret();
            else _processor.Step();
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

    /// <summary>Whether code that is not translated is interpreted.</summary>
    private bool IsCold => !_counts && _cold.IsLeft;

    private void Interpret()
    {
        ulong executed = _processor.InstructionsExecuted;
        _processor.Interpret(ColdStretch);
        executed = _processor.InstructionsExecuted - executed;
        Counters.Interpreted += (long)executed;
        _cold.Spend(executed);
    }

    /// <summary>Makes the vCPU leave generated code soon. Any thread.</summary>
    public void DemandAttention() => Interlocked.Or(ref _state.Attention, FrameSlot.LeaveCode);

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
