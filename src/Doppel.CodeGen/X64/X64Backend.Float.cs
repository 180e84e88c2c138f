using System.Numerics;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Floating-point arithmetic, in the instructions' own rounding mode and sticky flags. Operations of binary32 take the bits above their result from an operand, so that
/// boxed operands give a boxed result for free.
/// </summary>
public sealed partial class X64Backend
{
    /// <summary>Whether operations of this kind can be compiled for a processor: all but those of floating-point always can.</summary>
    public static bool Supports(X64Features features, IrOpcode code) => code switch
    {
        >= IrOpcode.FMulAdd and <= IrOpcode.FNegMulSub => (features & (X64Features.Avx | X64Features.Fma)) == (X64Features.Avx | X64Features.Fma),
        >= IrOpcode.FAdd and <= IrOpcode.FToInt => (features & X64Features.Avx) != 0,
        IrOpcode.MulCarryless or IrOpcode.MulCarrylessHigh => (features & X64Features.Pclmulqdq) != 0,
        _ => true,
    };

    private void LowerFloat(in IrOp op)
    {
        StoreCopies();
        switch (op.Code)
        {
            case IrOpcode.FAdd: Arithmetic(SseOp.Add, op); break;
            case IrOpcode.FSub: Arithmetic(SseOp.Sub, op); break;
            case IrOpcode.FMul: Arithmetic(SseOp.Mul, op); break;
            case IrOpcode.FDiv: Arithmetic(SseOp.Div, op); break;
            case IrOpcode.FSqrt: SquareRoot(op); break;
            case IrOpcode.FMulAdd: Fused(FmaOp.Madd, op); break;
            case IrOpcode.FMulSub: Fused(FmaOp.Msub, op); break;
            case IrOpcode.FNegMulAdd: Fused(FmaOp.Nmadd, op); break;
            case IrOpcode.FNegMulSub: Fused(FmaOp.Nmsub, op); break;
            case IrOpcode.FMin: Extremum(SseOp.Min, op); break;
            case IrOpcode.FMax: Extremum(SseOp.Max, op); break;
            case IrOpcode.FSignCopy: CopySign(op, opposite: false); break;
            case IrOpcode.FSignNot: CopySign(op, opposite: true); break;
            case IrOpcode.FSignXor: MultiplySign(op); break;
            case IrOpcode.FEqual: CompareEqual(op); break;
            case IrOpcode.FLess: CompareLess(op, Cc.Above); break;
            case IrOpcode.FLessOrEqual: CompareLess(op, Cc.AboveOrEqual); break;
            case IrOpcode.FCanon: Canonicalise(op); break;
            case IrOpcode.FUnbox: Unbox(op); break;
            case IrOpcode.FBox: Box(op); break;
            case IrOpcode.FConvert: ConvertFormat(op); break;
            case IrOpcode.FFromInt: FromInteger(op); break;
            case IrOpcode.FToIntZero: ToInteger(op, RoundTruncated); break;
            case IrOpcode.FToIntNearest: ToInteger(op, RoundNearest); break;
            case IrOpcode.FToIntDown: ToInteger(op, RoundDown); break;
            case IrOpcode.FToIntUp: ToInteger(op, RoundUp); break;
            case IrOpcode.FToInt: ToInteger(op, RoundCurrent); break;
            case IrOpcode.FReadFlags: ReadFlags(op); break;
            case IrOpcode.FWriteFlags: WriteFlags(op); break;
            default: throw new InvalidOperationException($"{op.Code} is no operation that the backend knows.");
        }
    }

    private static FloatSize SizeOfFloat(IrType type) => type == IrType.F32 ? FloatSize.Single : FloatSize.Double;

    private static OperandSize BitsOf(FloatSize size) => size == FloatSize.Single ? OperandSize.Dword : OperandSize.Qword;

    private static X64Constant CanonicalNaN(FloatSize size) => size == FloatSize.Single ? X64Constant.CanonicalF32 : X64Constant.CanonicalF64;

    private void Arithmetic(SseOp arithmetic, in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm a = UseXmm(op.A);
        XmmRm b = UseXmmRm(op.B);
        Xmm d = ResultXmm(op.D);
        _asm.VArith(arithmetic, size, d, a, b);
        FinishRounded(op, d, size);
    }

    private void SquareRoot(in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm a = UseXmm(op.A);
        Xmm d = ResultXmm(op.D);
        _asm.VArith(SseOp.Sqrt, size, d, a, a);
        FinishRounded(op, d, size);
    }

    /// <summary>The result of an operation whose NaNs are quiet, in the register: makes it canonical if that comes next anyway, and brings it to where it belongs.</summary>
    private void FinishRounded(in IrOp op, Xmm result, FloatSize size)
    {
        if (TryTakeCanonicalisation(op))
        {
            Label cold = _asm.NewLabel();
            _asm.Ucomis(size, result, result);
            _asm.JccLong(Cc.Parity, cold);
            AddFloatCold(new FloatCold { Kind = FloatColdKind.Canonical, Entry = cold, Back = Here(), Size = size, D = result });
        }

        FinishXmm(op.D, result);
    }

    /// <summary>Whether the next operation makes this one's result canonical; then that is done with this one.</summary>
    private bool TryTakeCanonicalisation(in IrOp op)
    {
        ReadOnlySpan<IrOp> ops = _region.Ops;
        if (_index + 1 >= ops.Length) return false;
        ref readonly IrOp next = ref ops[_index + 1];
        if (next.Code != IrOpcode.FCanon || next.Type != op.Type || next.A != op.D || next.D != op.D) return false;
        _index++;
        return true;
    }

    /// <summary>Any bits: compared as integers, since a comparison of numbers would raise invalid for a signalling NaN.</summary>
    private void Canonicalise(in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm d = TargetXmm(op.D, op.A);
        FetchXmm(d, op.A);
        Gpr bits = TakeGpr();
        _asm.MovFromXmm(BitsOf(size), bits, d);
        _asm.Alu(AluOp.Add, BitsOf(size), bits, bits);
        if (size == FloatSize.Single)
        {
            _asm.Alu(AluOp.Cmp, OperandSize.Dword, bits, 0xff << 24);
        }
        else
        {
            Gpr infinity = TakeGpr();
            _asm.MovConstant(infinity, 0x7ffL << 53);
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, bits, infinity);
        }

        Label cold = _asm.NewLabel();
        _asm.JccLong(Cc.Above, cold);
        AddFloatCold(new FloatCold { Kind = FloatColdKind.Canonical, Entry = cold, Back = Here(), Size = size, D = d });
        FinishXmm(op.D, d);
    }

    private void Unbox(in IrOp op)
    {
        Label cold = _asm.NewLabel();
        Xmm d;
        if (!op.A.IsConstant && RegisterOf(op.A) == -1)
        {
            Mem memory = MemoryOf(op.A);
            d = TargetXmm(op.D, op.A);
            _asm.Movq(d, memory);
            _asm.Alu(AluOp.Cmp, OperandSize.Dword, memory.Plus(4), -1);
        }
        else
        {
            d = TargetXmm(op.D, op.A);
            FetchXmm(d, op.A);
            Gpr high = TakeGpr();
            _asm.MovFromXmm(OperandSize.Qword, high, d);
            _asm.Shift(ShiftOp.Sar, OperandSize.Qword, high, 32);
            _asm.Alu(AluOp.Cmp, OperandSize.Dword, high, -1);
        }

        _asm.JccLong(Cc.NotEqual, cold);
        AddFloatCold(new FloatCold { Kind = FloatColdKind.Canonical, Entry = cold, Back = Here(), Size = FloatSize.Single, D = d });
        FinishXmm(op.D, d);
    }

    private void Box(in IrOp op)
    {
        Xmm d = TargetXmm(op.D, op.A);
        FetchXmm(d, op.A);
        Logic(SseLogic.Or, d, X64Constant.Box);
        FinishXmm(op.D, d);
    }

    /// <summary>
    /// The register for a result that is written by the very instruction that reads the operands: it may be one of theirs.
    /// </summary>
    private Xmm ResultXmm(IrOperand d)
    {
        if (IsXmm(RegisterOfTarget(d))) return XmmOf(RegisterOfTarget(d));
        uint candidates = ScratchXmms & ~_busy;
        if ((candidates & ~_locked) != 0) return TakeXmm();
        if (candidates == 0)
        {
            for (int register = X64Homes.FirstXmm; register < X64Homes.FirstXmm + 2; register++)
            {
                if (_lastUses[_occupants[register]] <= _index) candidates |= 1u << register;
            }
        }

        if (candidates == 0)
        {
            // The operand stays in the register, too, for the instruction to come.
            Spill(X64Homes.FirstXmm);
            candidates = 1u << X64Homes.FirstXmm;
        }

        int chosen = BitOperations.TrailingZeroCount(candidates);
        Lock(ref _locked, chosen);
        return XmmOf(chosen);
    }
}
