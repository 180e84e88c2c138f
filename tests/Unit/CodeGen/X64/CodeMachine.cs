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
    private const int Left = 1;
    private const int WentAlong = 2;

    private readonly CodeMemory _code = CodeMemory.Allocate(CodeBytes);
    private readonly X64Stubs _stubs;
    private readonly X64Backend _backend;
    private readonly int _frame;
    private readonly int _firstRegion;
    private readonly FlatMemory _memory;
    private readonly ulong[] _readTlb = GC.AllocateArray<ulong>(2 * X64Target.TlbEntries, pinned: true);
    private readonly ulong[] _writeTlb = GC.AllocateArray<ulong>(2 * X64Target.TlbEntries, pinned: true);
    private readonly ulong[] _jumpCache = GC.AllocateArray<ulong>(2 * X64Target.JumpCacheEntries, pinned: true);
    private readonly ulong[] _presentPages = GC.AllocateArray<ulong>(16, pinned: true);
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
            HostToPhysical = (long)memory.Start - Address(memory.Bytes),
        };
        _stubs = new X64Stubs(Target);
        _backend = new X64Backend(Target, _stubs);
        _code.Write(0, _stubs.Code);
        _firstRegion = (_stubs.Code.Length + 63) & ~63;
        _engine = Serve;
        _enter = Marshal.GetDelegateForFunctionPointer<EnterFunction>(_code.Address + _stubs.Enter);
        _frame = State.AttentionSlot;
        Frame(FrameSlot.ReadTlb) = (ulong)Address(_readTlb);
        Frame(FrameSlot.WriteTlb) = (ulong)Address(_writeTlb);
        Frame(FrameSlot.JumpCache) = (ulong)Address(_jumpCache);
        Frame(FrameSlot.PresentPages) = (ulong)Address(_presentPages);
        Frame(FrameSlot.GuestFloatControl) = 0x1f80;
        Frame(FrameSlot.Callback) = (ulong)Marshal.GetFunctionPointerForDelegate(_engine);
        Frame(FrameSlot.Engine) = EngineMark;
        _presentPages.AsSpan().Fill(ulong.MaxValue);
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

    /// <summary>The host's control word of floating-point arithmetic as the guest has left it and will find it.</summary>
    public uint FloatControl
    {
        get => (uint)Frame(FrameSlot.GuestFloatControl);
        set => Frame(FrameSlot.GuestFloatControl) = value;
    }

    /// <summary>What the engine was asked, in order.</summary>
    public List<CallbackKind> Asked { get; } = [];

    /// <summary>Links of the region compiled last.</summary>
    public IReadOnlyList<LinkSite> Links => _links;

    /// <summary>Compiles and installs.</summary>
    public nint Compile(IrRegion region)
    {
        _region = region;
        CompiledRegion compiled = _backend.Compile(region, 100);
        if (_used == 0 || _used + compiled.Code.Length > CodeBytes) _used = _firstRegion;
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
        Assert.Equal(status == WentAlong ? WentAlong : Left, status);
        return _exit;
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
        _presentPages[page] = address;
    }

    /// <summary>From now on the jump cache has code for an address, which leaves.</summary>
    public void Cache(ulong address)
    {
        int entry = 2 * X64Target.JumpCacheIndex(address);
        _jumpCache[entry] = address;
        _jumpCache[entry + 1] = (ulong)(_code.Address + LeavingCode());
    }

    public void FlushTlbs()
    {
        _readTlb.AsSpan().Fill(ulong.MaxValue);
        _writeTlb.AsSpan().Fill(ulong.MaxValue);
        _jumpCache.AsSpan().Fill(ulong.MaxValue);
    }

    public void Dispose() => _code.Dispose();

    private static nint Address<T>(T[] pinned) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

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
            Assert.Equal(EngineMark, engine);
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

    private void Fill(ulong[] tlb, ulong address)
    {
        ulong page = address & ~4095UL;
        if (!FillsTlbs || page - _memory.Start >= (ulong)_memory.Bytes.Length) return;
        int entry = 2 * (int)(page >> 12 & (X64Target.TlbEntries - 1));
        tlb[entry] = page;
        tlb[entry + 1] = (ulong)Address(_memory.Bytes) - _memory.Start;
    }

    /// <summary>What the guest's interpreter would do, which finds its operation by its guest instruction.</summary>
    private bool Atomic(ulong address, long distance)
    {
        IrOp op = OperationAt(distance);
        Fill(_readTlb, address);
        Fill(_writeTlb, address);
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
        bool found = false;
        foreach (IrOp op in _region.Ops)
        {
            if (op.Code == IrOpcode.Guest) found = _region.ValueOf(op.A) == distance;
            else if (found && op.Code is >= IrOpcode.LoadReserved and <= IrOpcode.AtomicMaxU) return op;
        }

        throw new InvalidOperationException($"No atomic operation at {distance}.");
    }
}
