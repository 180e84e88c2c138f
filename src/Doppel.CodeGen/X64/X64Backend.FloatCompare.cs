using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Comparisons, the smaller and the greater, and signs: nothing here rounds.</summary>
public sealed partial class X64Backend
{
    /// <summary>The comparison of b with a, so that the flags of an unordered result are those of "not less".</summary>
    private void CompareLess(in IrOp op, Cc condition)
    {
        Xmm b = UseXmm(op.B);
        XmmRm a = UseXmmRm(op.A);
        Gpr t = Target(op.D);
        _asm.Zero(t);
        _asm.Comis(SizeOfFloat(op.Type), b, a);
        _asm.Setcc(condition, t);
        Finish(op.D, t);
    }

    private void CompareEqual(in IrOp op)
    {
        Xmm a = UseXmm(op.A);
        XmmRm b = UseXmmRm(op.B);

        // Constants have come through general-purpose registers, which are free again.
        _locked &= ~ScratchGprs;
        Gpr t = Target(op.D), zero = TakeGpr();
        _asm.Zero(t);
        _asm.Zero(zero);
        _asm.Ucomis(SizeOfFloat(op.Type), a, b);
        _asm.Setcc(Cc.NoParity, t);
        _asm.Cmovcc(Cc.NotEqual, OperandSize.Dword, t, zero);
        Finish(op.D, t);
    }

    /// <summary>minss and its kin choose among unequal numbers; the rest, for which they have rules of their own and raise too much, is cold.</summary>
    private void Extremum(SseOp choice, in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm a = UseXmm(op.A), b = UseXmm(op.B);
        Xmm d = ResultXmm(op.D);
        Label cold = _asm.NewLabel();
        _asm.Ucomis(size, a, b);
        _asm.JccLong(Cc.Equal, cold);
        _asm.VArith(choice, size, d, a, b);
        AddFloatCold(new FloatCold
        {
            Kind = choice == SseOp.Min ? FloatColdKind.Min : FloatColdKind.Max,
            Entry = cold,
            Back = Here(),
            Size = size,
            D = d,
            A = a,
            B = b,
        });
        FinishXmm(op.D, d);
    }

    private static X64Constant Sign(FloatSize size) => size == FloatSize.Single ? X64Constant.SignF32 : X64Constant.SignF64;

    private void CopySign(in IrOp op, bool opposite)
    {
        FloatSize size = SizeOfFloat(op.Type);
        if (op.A == op.B)
        {
            Xmm same = TargetXmm(op.D, op.A);
            FetchXmm(same, op.A);
            if (opposite) Logic(SseLogic.Xor, same, Sign(size));
            FinishXmm(op.D, same);
            return;
        }

        // Where the signs differ (or, for the opposite, do not), a's is flipped.
        Xmm a = UseXmm(op.A), b = UseXmm(op.B);
        Xmm d = ResultXmm(op.D);
        Xmm t = d == a ? Other(a, b) : d;
        _asm.VLogic(SseLogic.Xor, t, a, b);
        Logic(opposite ? SseLogic.AndNot : SseLogic.And, t, Sign(size));
        _asm.VLogic(SseLogic.Xor, d, t, a);
        FinishXmm(op.D, d);
    }

    private void MultiplySign(in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        if (op.A == op.B)
        {
            Xmm same = TargetXmm(op.D, op.A);
            FetchXmm(same, op.A);
            Logic(SseLogic.And, same, size == FloatSize.Single ? X64Constant.MagnitudeF32 : X64Constant.MagnitudeF64);
            FinishXmm(op.D, same);
            return;
        }

        Xmm a = UseXmm(op.A), b = UseXmm(op.B);
        Xmm d = ResultXmm(op.D);
        Xmm t = d == a ? Other(a, b) : d;
        if (t != b) _asm.Movaps(t, b);
        Logic(SseLogic.And, t, Sign(size));
        _asm.VLogic(SseLogic.Xor, d, t, a);
        FinishXmm(op.D, d);
    }

    /// <summary>A register to compute in that is not a's, and b's only if that is a scratch register whose value is needed no more.</summary>
    private Xmm Other(Xmm a, Xmm b)
    {
        if ((ScratchXmms & ~_locked) != 0) return TakeXmm();

        // a and b are xmm0 and xmm1, in whatever order. b may be a temporary that lives on.
        int register = X64Homes.FirstXmm + (int)b;
        if ((_busy >> register & 1) != 0 && _lastUses[_occupants[register]] > _index) Spill(register);
        return b;
    }
}
