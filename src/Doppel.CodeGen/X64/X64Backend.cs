using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Turns regions into x86-64 code, one operation after the other. Hot slots live in registers for good, so that between guest instructions nothing is to be saved;
/// temporaries live in scratch registers and, if these do not suffice, in the engine's spill slots. One instance per code cache; not thread-safe.
/// </summary>
public sealed partial class X64Backend
{
    private readonly X64Target _target;
    private readonly X64Stubs _stubs;
    private readonly X64Homes _homes;
    private readonly X64Assembler _asm = new();
    private readonly bool _hasBmi1;
    private readonly bool _hasBmi2;
    private readonly bool _hasAvx512;

    private IrRegion _region = new();
    private int _index;

    // The present guest instruction: its distance and its first operation; and which of the region's is the next one, and the first operation of that.
    private int _distance;
    private int _begin;
    private int _next;
    private int _nextBegin;

    public X64Backend(X64Target target, X64Stubs stubs)
    {
        _target = target;
        _stubs = stubs;
        _homes = new X64Homes(target);
        _places = new int[FirstTemp + _lastUses.Length];
        _places.AsSpan().Fill(NoPlace);
        for (int slot = 0; slot < _homes.Count; slot++) _places[IrOperand.Slot(slot).Place] = _homes.Of(slot);
        _hasBmi1 = Has(X64Features.Bmi1);
        _hasBmi2 = Has(X64Features.Bmi2);
        _hasAvx512 = Has(X64Features.Avx512);
    }

    /// <summary>The code of a region; valid until the next call.</summary>
    /// <param name="firstLink">The number of the region's first link.</param>
    public CompiledRegion Compile(IrRegion region, int firstLink)
    {
        Begin(region, firstLink);
        ReadOnlySpan<IrOp> ops = region.Ops;
        LowerAll(ops, 0, ops.Length - 1);

        // A region ends with an operation that leaves; should one not, it stops here.
        if (ops.Length == 0 || !Leaves(ops[^1].Code)) _asm.Ud2();
        WriteGroups();
        Places?.Add((_asm.Position, null));
        WriteCold();
        WriteFloatCold();
        _asm.ResolveLabels();
        return new CompiledRegion { Code = _asm.Code, Links = _links.AsSpan(0, _linkCount), StubCalls = _stubCalls.AsSpan(0, _stubCallCount), Entries = FindEntries() };
    }

    /// <summary>Completes the code of the last <see cref="Compile"/>, in its place, for where it will be.</summary>
    /// <param name="offset">Of its first byte from that of the runtime stubs.</param>
    public void Relocate(int offset)
    {
        foreach (StubCall call in _stubCalls.AsSpan(0, _stubCallCount)) _asm.Patch(call.Offset, call.Stub - (offset + call.Offset + sizeof(int)));
    }

    private static bool Leaves(IrOpcode code) => code is IrOpcode.Goto or IrOpcode.GotoIndirect or IrOpcode.StepLast or IrOpcode.Jump;

    private static OperandSize SizeOf(IrType type) => type == IrType.I64 ? OperandSize.Qword : OperandSize.Dword;

    private bool Has(X64Features feature) => (_target.Features & feature) != 0;

    private void Begin(IrRegion region, int firstLink)
    {
        _region = region;
        _distance = 0;
        _begin = -1;
        _next = 0;
        _nextBegin = FirstOf(region.Starts, _next);
        _counts = false;
        _firstLink = firstLink;
        _index = 0;
        _fresh = -1;
        LeaveGroup();
        _copies = _unstored = 0;
        _groupCount = 0;
        _grouping = true;
        _linkCount = _stubCallCount = _coldCount = _floatColdCount = 0;
        _asm.Reset();
        ForgetFlags();

        // The first labels of the assembler are those of the region, with the same numbers.
        _asm.NewLabels(region.Labels);
        BeginTemps();
        _instruction = 0;
        ForgetTemps();
    }

    // All of them in line, so that there is one jump to the kind of an operation and no call before it; and once.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LowerAll(ReadOnlySpan<IrOp> ops, int first, int last)
    {
        ReadOnlySpan<GuestStart> starts = _region.Starts;
        bool notes = Places is not null;
        for (int index = first; index <= last; index = _index + 1)
        {
            _index = index;
            ref readonly IrOp op = ref ops[index];
            while (index == _nextBegin)
            {
                BeginInstruction(starts);
                if (notes) NotePlace();
            }

            if (notes) NotePlace(op.Code);
            if (op.D.IsTemp) FindLastUse(op.D);
            Lower(op);
            EndOperation(ops);
            if (_index == _groupEnd) EndGroup();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginInstruction(ReadOnlySpan<GuestStart> starts)
    {
        int next = _next;
        _begin = _nextBegin;
        _distance = starts[next++].Distance;
        _next = next;
        _nextBegin = FirstOf(starts, next);
        _ahead--;
        ForgetTemps();
    }

    /// <summary>The first operation of a guest instruction, by its number in the region; far away behind the last one.</summary>
    private static int FirstOf(ReadOnlySpan<GuestStart> starts, int number) => (uint)number < (uint)starts.Length ? starts[number].First : int.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Lower(in IrOp op)
    {
        switch (op.Code)
        {
            case IrOpcode.Mov: Move(op); break;
            case IrOpcode.Add: Add(op); break;
            case IrOpcode.Sub: Subtract(op); break;
            case IrOpcode.And: And(op); break;
            case IrOpcode.Or: Binary(AluOp.Or, op, commutative: true); break;
            case IrOpcode.Xor: Xor(op); break;
            case IrOpcode.AndNot: AndNot(op); break;
            case IrOpcode.OrNot: WithComplement(AluOp.Or, op); break;
            case IrOpcode.XorNot: WithComplement(AluOp.Xor, op); break;
            case IrOpcode.ShlAdd: ShiftAndAdd(op); break;
            case IrOpcode.Shl: Shift(ShiftOp.Shl, ShiftxOp.Shlx, op); break;
            case IrOpcode.Shr: Shift(ShiftOp.Shr, ShiftxOp.Shrx, op); break;
            case IrOpcode.Sar: Shift(ShiftOp.Sar, ShiftxOp.Sarx, op); break;
            case IrOpcode.Rol: Rotate(ShiftOp.Rol, op); break;
            case IrOpcode.Ror: Rotate(ShiftOp.Ror, op); break;
            case IrOpcode.Mul: Multiply(op); break;
            case IrOpcode.MulHighS: MultiplyHigh(op, UnaryOp.Imul); break;
            case IrOpcode.MulHighU: MultiplyHigh(op, UnaryOp.Mul); break;
            case IrOpcode.MulHighSU: MultiplyHighMixed(op); break;
            case IrOpcode.MulCarryless or IrOpcode.MulCarrylessHigh: MultiplyCarryless(op); break;
            case IrOpcode.DivS: Divide(op, signed: true, remainder: false); break;
            case IrOpcode.DivU: Divide(op, signed: false, remainder: false); break;
            case IrOpcode.RemS: Divide(op, signed: true, remainder: true); break;
            case IrOpcode.RemU: Divide(op, signed: false, remainder: true); break;
            case IrOpcode.MinS: Choose(op, Cc.Less); break;
            case IrOpcode.MaxS: Choose(op, Cc.Greater); break;
            case IrOpcode.MinU: Choose(op, Cc.Below); break;
            case IrOpcode.MaxU: Choose(op, Cc.Above); break;
            case IrOpcode.Clz: CountLeadingZeros(op); break;
            case IrOpcode.Ctz: CountTrailingZeros(op); break;
            case IrOpcode.Popcount: CountOnes(op); break;
            case IrOpcode.ByteSwap: SwapBytes(op); break;
            case IrOpcode.BitSet: ChangeBit(BitOp.Bts, op); break;
            case IrOpcode.BitClear: ChangeBit(BitOp.Btr, op); break;
            case IrOpcode.BitFlip: ChangeBit(BitOp.Btc, op); break;
            case IrOpcode.BitTest: TestBit(op); break;
            case IrOpcode.Set: SetOrSelect(op); break;
            case IrOpcode.Select: Select(op); break;
            case IrOpcode.Load: Load(op); break;
            case IrOpcode.Store: Store(op); break;
            case IrOpcode.LoadReserved: LoadReserved(op); break;
            case IrOpcode.StoreConditional: StoreConditional(op); break;
            case >= IrOpcode.AtomicSwap and <= IrOpcode.AtomicMaxU: Atomic(op); break;
            case IrOpcode.ZeroBlock: ZeroBlock(op); break;
            case IrOpcode.Fence: Fence(); break;
            case IrOpcode.Label: PlaceLabel(op); break;
            case IrOpcode.Jump: Jump(op); break;
            case IrOpcode.Branch: Branch(op); break;
            case IrOpcode.JumpUnlessAttention: JumpUnlessAttention(op); break;
            case IrOpcode.Goto: Goto(op); break;
            case IrOpcode.GotoIndirect: GotoIndirect(op); break;
            case IrOpcode.CheckAttention: CheckAttention(op); break;
            case IrOpcode.Count: Count(op); break;
            case IrOpcode.Uncount: Uncount(op); break;
            case IrOpcode.SelectContext: SelectContext(op); break;
            case IrOpcode.RequirePage: RequirePage(op); break;
            case IrOpcode.Step: Step(op); break;
            case IrOpcode.StepLast: StepLast(op); break;
            default: LowerFloat(op); break;
        }
    }
}
