using System.Runtime.InteropServices;
using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.X64;
using Doppel.Core.Vcpu;
using Doppel.Host.Memory;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>
/// Runs compiled regions one at a time with the smallest possible engine: links are never made, every way out of a region comes back here, and the TLBs know a page from its
/// first use on, or never.
/// </summary>
internal sealed class CodeMachine : IDisposable
{
    private const int CodeBytes = 1 << 20;

    /// <summary>Kept free for what links lead to.</summary>
    private const int LeavingBytes = 1 << 16;
    private const int Left = 1;
    private const int WentAlong = 2;

    private readonly CodeMemory _code = CodeMemory.Allocate(CodeBytes);
    private readonly X64Stubs _stubs;
    private readonly X64Backend _backend;
    private readonly int _frame;
    private readonly int _firstRegion;
    private readonly FlatMemory _memory;
    private readonly SlotBlock _readTlb = new(2 * X64Target.TlbEntries);
    private readonly SlotBlock _writeTlb = new(2 * X64Target.TlbEntries);
    private readonly SlotBlock _siteLog = new(FrameSlot.SiteLogLength);
    private readonly SlotBlock _jumpCache = new(2 * X64Target.JumpCacheEntries);
    private readonly SlotBlock _presentPages = new(256);
    private readonly SlotBlock _contexts = new(X64Target.ContextEntries * X64Target.ContextWords);
    private readonly EngineFunction _engine;
    private readonly EnterFunction _enter;
    private IrRegion _region = new();
    private LinkSite[] _links = [];
    private int _used;
    private IrExit _exit;
    private Exception? _failure;

    public CodeMachine(FlatMemory memory, X64Features features, bool singleProcessor)
    {
        _memory = memory;
        Target = new X64Target
        {
            FirstEngineSlot = State.AttentionSlot,
            FrontEnd = new TestFrontEnd(),
            Features = features,
            SingleProcessor = singleProcessor,
            ReservationSlot = TestFrontEnd.Reservation,
            HostToPhysical = (long)memory.Start - memory.Address,
        };
        _stubs = new X64Stubs(Target);
        _backend = new X64Backend(Target, _stubs);
        _code.Write(0, _stubs.Code);
        _firstRegion = (_stubs.Code.Length + 63) & ~63;
        _engine = Serve;
        _enter = Marshal.GetDelegateForFunctionPointer<EnterFunction>(_code.Address + _stubs.Enter);
        _frame = State.AttentionSlot;
        Frame(FrameSlot.ReadTlb) = (ulong)_readTlb.Address;
        Frame(FrameSlot.WriteTlb) = (ulong)_writeTlb.Address;
        Frame(FrameSlot.JumpCache) = (ulong)_jumpCache.Address;
        Frame(FrameSlot.SiteLog) = (ulong)_siteLog.Address;
        Frame(FrameSlot.PresentPages) = (ulong)_presentPages.Address;
        Frame(FrameSlot.GuestFloatControl) = 0x1f80;
        Frame(FrameSlot.Callback) = (ulong)Marshal.GetFunctionPointerForDelegate(_engine);
        Frame(FrameSlot.Engine) = EngineMark;
        Budget = long.MaxValue / 2;
        Refills = long.MaxValue / 2;
        Frame(FrameSlot.Contexts) = (ulong)_contexts.Address;
        _presentPages.AsSpan().Fill(ulong.MaxValue);
        _contexts.AsSpan().Fill(ulong.MaxValue);
        FlushTlbs();
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int EngineFunction(ulong engine, int kind, ulong a, ulong b, long distance);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int EnterFunction(nint slots, nint code);

    private static ulong EngineMark => 0x1122_3344_5566_7788;

    public X64Target Target { get; }

    public CpuState State { get; } = new(TestFrontEnd.Count);

    /// <summary>Whether pages come into the TLBs when they are first used.</summary>
    public bool FillsTlbs { get; set; } = true;

    /// <summary>Which pages that are to be written, or read, come into the TLBs then; the default is all.</summary>
    public Func<bool, ulong, bool> MayFill { get; set; } = (_, _) => true;

    /// <summary>The last run went on into code that a link or the jump cache led to.</summary>
    public bool WentOn { get; private set; }

    /// <summary>The host's control word of floating-point arithmetic as the guest has left it and will find it.</summary>
    public uint FloatControl
    {
        get => (uint)Frame(FrameSlot.GuestFloatControl);
        set => Frame(FrameSlot.GuestFloatControl) = value;
    }

    /// <summary>How many instructions counting code may execute.</summary>
    public long Budget
    {
        get => (long)Frame(FrameSlot.Budget);
        set => Frame(FrameSlot.Budget) = (ulong)value;
    }

    /// <summary>How often sites may be filled anew before code wants attention; who was the last, then.</summary>
    public long Refills
    {
        get => (long)Frame(FrameSlot.Refills);
        set => Frame(FrameSlot.Refills) = (ulong)value;
    }

    public nint Refiller => (nint)Frame(FrameSlot.Refiller);

    public int RefillerDistance => (int)Frame(FrameSlot.RefillerDistance);

    /// <summary>Whether no site is right, so that accesses are counted.</summary>
    public bool IsTrial
    {
        set => Frame(FrameSlot.SiteTrial) = value ? 1UL : 0;
    }

    /// <summary>How many would have been right.</summary>
    public ulong TrialHits => Frame(FrameSlot.TrialHits);

    /// <summary>What the engine was asked, in order.</summary>
    public List<CallbackKind> Asked { get; } = [];

    /// <summary>Links of the region compiled last.</summary>
    public IReadOnlyList<LinkSite> Links => _links;

    /// <summary>Compiles and installs.</summary>
    public nint Compile(IrRegion region)
    {
        _region = region;
        CompiledRegion compiled = _backend.Compile(region, 100);
        if (_used == 0 || _used + compiled.Code.Length + LeavingBytes > CodeBytes) _used = _firstRegion;
        int start = _used;
        byte[] code = compiled.Code.ToArray();
        foreach (StubCall call in compiled.StubCalls) BitConverter.TryWriteBytes(code.AsSpan(call.Offset), call.Stub - (start + call.Offset + 4));
        _code.Write(start, code);
        _links = compiled.Links.ToArray();
        _used = (start + code.Length + 15) & ~15;
        return _code.Address + start;
    }

    /// <summary>Runs compiled code; the region must be the one compiled last.</summary>
    public IrExit Run(nint code)
    {
        _failure = null;
        _exit = default;
        int status = _enter(State.Address, code);
        if (_failure != null) throw new InvalidOperationException("The engine failed.", _failure);
        if (status is not (WentAlong or Left)) throw new InvalidOperationException($"Generated code ended with {status}.");
        WentOn = status == WentAlong;
        return _exit;
    }

    /// <summary>Whether an address lies in the region compiled last.</summary>
    public bool IsCode(nint address) => address > _code.Address + _firstRegion && address < _code.Address + _used;

    /// <summary>The virtual address at which a code page is now, all ones for nowhere.</summary>
    public void Present(int page, ulong address) => _presentPages.At(page) = address;

    /// <summary>What generated code has changed of the engine's own that it must not change; null if nothing.</summary>
    public string? Damage()
    {
        if (!(State.IsIntact && _readTlb.IsIntact && _writeTlb.IsIntact && _jumpCache.IsIntact && _presentPages.IsIntact)) return "something was written before a table or the state";
        if (Damage("read TLB", _readTlb) is { } read) return read;
        if (Damage("write TLB", _writeTlb) is { } write) return write;
        (int Number, ulong Value)[] pointers =
        [
            (FrameSlot.ReadTlb, (ulong)_readTlb.Address), (FrameSlot.WriteTlb, (ulong)_writeTlb.Address), (FrameSlot.JumpCache, (ulong)_jumpCache.Address),
            (FrameSlot.PresentPages, (ulong)_presentPages.Address), (FrameSlot.Callback, (ulong)Marshal.GetFunctionPointerForDelegate(_engine)), (FrameSlot.Engine, EngineMark),
            (FrameSlot.Attention, 0),
        ];
        foreach ((int number, ulong value) in pointers)
        {
            if (Frame(number) != value) return $"the engine's slot {number} is 0x{Frame(number):x}";
        }

        if (DamagedSite() is { } site) return site;
        return _code.Read(0, _stubs.Code.Length).SequenceEqual(_stubs.Code) ? null : "the code that all regions share has changed";
    }

    private string? DamagedSite()
    {
        Span<ulong> sites = MemoryMarshal.CreateSpan(ref Frame(FrameSlot.Sites), 2 * FrameSlot.SiteCount);
        int next;
        for (int at = 0; (next = sites[at..].IndexOfAnyExcept(0UL)) >= 0; at = ((at + next) & ~1) + 2)
        {
            int site = (at + next) / 2;
            ulong tag = sites[2 * site], addend = sites[(2 * site) + 1];
            if (tag == 0) continue; // it has been emptied
            if (tag - _memory.Start >= (ulong)_memory.Bytes.Length || (tag & 4088) != 4088 || addend != (ulong)_memory.Address - _memory.Start) return $"site {site} is {{0x{tag:x}, 0x{addend:x}}}";
        }

        ReadOnlySpan<ulong> pairs = MemoryMarshal.CreateSpan(ref Frame(FrameSlot.Pairs), 4 * FrameSlot.PairCount);
        for (int i = 0; i < pairs.Length; i += 4)
        {
            ulong tag = pairs[i], addend = (ulong)_memory.Address - _memory.Start;
            if (tag != 0 && (tag - _memory.Start >= (ulong)_memory.Bytes.Length - 4096 || pairs[i + 1] != addend || pairs[i + 2] != addend)) return $"pair {i / 4} is {{0x{tag:x}, 0x{pairs[i + 1]:x}, 0x{pairs[i + 2]:x}}}";
        }

        return _siteLog.IsIntact ? null : "something was written before the list of sites";
    }

    private string? Damage(string name, SlotBlock tlb)
    {
        ReadOnlySpan<ulong> entries = tlb.AsSpan();
        int next;
        for (int at = 0; (next = entries[at..].IndexOfAnyExcept(ulong.MaxValue)) >= 0; at = ((at + next) & ~1) + 2)
        {
            int i = (at + next) & ~1;
            ulong tag = entries[i], addend = entries[i + 1];
            if (tag - _memory.Start >= (ulong)_memory.Bytes.Length || tag % 4096 != 0 || addend != (ulong)_memory.Address - _memory.Start) return $"entry {i / 2} of the {name} is {{0x{tag:x}, 0x{addend:x}}}";
        }

        return null;
    }

    /// <summary>From now on a link leads to code that leaves.</summary>
    /// <param name="page">For a link to another page: the number of its entry in the table of present pages, and the address that the entry has.</param>
    /// <param name="jump">Whether the jump is changed, or only the guard.</param>
    public void Connect(nint code, int link, int page = 0, ulong address = 0, bool jump = true)
    {
        int offset = (int)(code - _code.Address);
        LinkSite site = _links[link];
        if (jump) _code.Patch(offset + site.Jump, LeavingCode() - (offset + site.Jump + 4));
        if (site.Guard < 0) return;
        _code.Patch(offset + site.Guard, page * 8);
        _presentPages.At(page) = address;
    }

    /// <summary>From now on the jump cache has code for an address, which leaves.</summary>
    public void Cache(ulong address)
    {
        int entry = 2 * X64Target.JumpCacheIndex(address);
        _jumpCache.At(entry) = address;
        _jumpCache.At(entry + 1) = (ulong)(_code.Address + LeavingCode());
    }

    /// <summary>From now on the table of contexts has this one; its tables are these words.</summary>
    public void AddContext(ulong number, ReadOnlySpan<ulong> tables)
    {
        int entry = X64Target.ContextIndex(number) * X64Target.ContextWords;
        _contexts.At(entry) = number;
        tables.CopyTo(_contexts.AsSpan()[(entry + 1)..]);
    }

    /// <summary>What generated code has selected last, and the addresses of the tables that it uses.</summary>
    public ulong[] Selected => [Frame(FrameSlot.Context), Frame(FrameSlot.ReadTlb), Frame(FrameSlot.WriteTlb), Frame(FrameSlot.JumpCache), Frame(FrameSlot.PresentPages)];

    public void FlushTlbs()
    {
        EmptyTlbs();
        _jumpCache.AsSpan().Fill(ulong.MaxValue);
        FlushSites();
    }

    /// <summary>Whether all sites are empty, and all pairs.</summary>
    public bool AreSitesEmpty => Enumerable.Range(0, FrameSlot.SiteCount).All(number => Frame(FrameSlot.Sites + (2 * number)) == 0) && ArePairsEmpty;

    public bool ArePairsEmpty => Enumerable.Range(0, FrameSlot.PairCount).All(number => Frame(FrameSlot.Pairs + (4 * number)) == 0);

    /// <summary>From now on a page of the guest may be read, and is this page of memory.</summary>
    public void Map(ulong page, int number)
    {
        int entry = 2 * (int)(page / 4096 % X64Target.TlbEntries);
        _readTlb.At(entry) = page;
        _readTlb.At(entry + 1) = (ulong)_memory.Address + (ulong)(4096 * number) - page;
    }

    /// <summary>The TLBs alone.</summary>
    public void EmptyTlbs()
    {
        _readTlb.AsSpan().Fill(ulong.MaxValue);
        _writeTlb.AsSpan().Fill(ulong.MaxValue);
    }

    /// <summary>Empties the sites that are in the list of those that are not.</summary>
    public void FlushSites()
    {
        Span<int> list = MemoryMarshal.Cast<ulong, int>(_siteLog.AsSpan());
        int filled = (int)(Frame(FrameSlot.SiteLog) - (ulong)_siteLog.Address) / sizeof(int);
        foreach (int distance in list[..filled]) State.At((distance + X64Target.FrameBias) / sizeof(ulong)) = 0;
        Frame(FrameSlot.SiteLog) = (ulong)_siteLog.Address;
    }

    public void Dispose() => _code.Dispose();

    private ref ulong Frame(int number) => ref State.At(_frame + number);

    /// <summary>The offset of code that leaves with a status of its own.</summary>
    private int LeavingCode()
    {
        // mov eax, WentAlong; jmp Leave
        byte[] code = [0xb8, WentAlong, 0, 0, 0, 0xe9, 0, 0, 0, 0];
        int start = _used;
        BitConverter.TryWriteBytes(code.AsSpan(6), _stubs.Leave - (start + 10));
        _code.Write(start, code);
        _used = start + 16;
        return start;
    }

    private int Serve(ulong engine, int kind, ulong a, ulong b, long distance)
    {
        try
        {
            if (engine != EngineMark) throw new InvalidOperationException($"Generated code calls 0x{engine:x}.");
            Asked.Add((CallbackKind)kind);
            return Serve((CallbackKind)kind, a, b, distance) ? 0 : Left;
        }
        catch (Exception exception)
        {
            _failure = exception;
            return Left;
        }
    }

    private bool Serve(CallbackKind kind, ulong a, ulong b, long distance)
    {
        switch (kind)
        {
            case <= CallbackKind.Load64:
                Fill(_readTlb, a);
                return _memory.TryLoad(a, 1 << (int)kind, distance, out Frame(FrameSlot.Result)) || Leave(IrExitKind.Trap, distance);
            case <= CallbackKind.Store64:
                Fill(_writeTlb, a);
                return _memory.TryStore(a, 1 << (kind - CallbackKind.Store8), b, distance) || Leave(IrExitKind.Trap, distance);
            case CallbackKind.Step:
                return _memory.Step(distance) || Leave(IrExitKind.Step, distance);
            case CallbackKind.StepLast:
                _memory.Step(distance);
                return Leave(IrExitKind.Step, distance);
            case CallbackKind.StepAtomic:
                return Atomic(a, distance) || Leave(IrExitKind.Trap, distance);
            case CallbackKind.Link:
                return Leave(IrExitKind.Goto, _links[(int)a - 100].Distance);
            case CallbackKind.Context:
                _memory.SelectContext(a);
                return true;
            case CallbackKind.Lookup:
                return Leave(IrExitKind.GotoIndirect, 0, a);
            default:
                return Leave(IrExitKind.Attention, distance);
        }
    }

    private bool Leave(IrExitKind kind, long distance, ulong address = 0)
    {
        _exit = new IrExit(kind, distance, address);
        return false;
    }

    private void Fill(SlotBlock tlb, ulong address)
    {
        ulong page = address & ~4095UL;
        if (!FillsTlbs || !MayFill(tlb == _writeTlb, page) || page - _memory.Start >= (ulong)_memory.Bytes.Length) return;
        int entry = 2 * (int)(page >> 12 & (X64Target.TlbEntries - 1));
        tlb.At(entry) = page;
        tlb.At(entry + 1) = (ulong)_memory.Address - _memory.Start;
    }

    /// <summary>What the guest's interpreter would do, which finds its operation by its guest instruction.</summary>
    private bool Atomic(ulong address, long distance)
    {
        IrOp op = OperationAt(distance);
        Fill(_readTlb, address);
        Fill(_writeTlb, address);
        if (op.Code == IrOpcode.ZeroBlock) return _memory.TryZeroBlock(address, distance);
        _memory.Reservation = State.At(TestFrontEnd.Reservation);
        _memory.ReservedValue = State.At(TestFrontEnd.Reservation + 1);
        ulong operand = op.B.IsConstant ? (ulong)_region.ValueOf(op.B) : op.B.IsSlot ? State.At(op.B.Number) : 0;
        if (!_memory.TryAtomic(op.Code, address, op.Type == IrType.S32 ? 4 : 8, operand, distance, out ulong value)) return false;
        State.At(TestFrontEnd.Reservation) = _memory.Reservation;
        State.At(TestFrontEnd.Reservation + 1) = _memory.ReservedValue;
        if (op.D.IsSlot) State.At(op.D.Number) = op.Type == IrType.S32 ? (ulong)(int)value : value;
        return true;
    }

    private IrOp OperationAt(long distance)
    {
        foreach (IrOp op in _region.Ops[_region.Starts.ToArray().First(start => start.Distance == distance).First..])
        {
            if (op.Code is >= IrOpcode.LoadReserved and <= IrOpcode.ZeroBlock) return op;
        }

        throw new InvalidOperationException($"No atomic operation at {distance}.");
    }
}
