using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Multiplication and addition with one rounding.</summary>
public sealed partial class X64Backend
{
    private void Fused(FmaOp fma, in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm a = UseXmm(op.A);
        XmmRm b = UseXmmRm(op.B);
        XmmRm c = UseThird(op.C);
        if (b.IsMemory && c.IsMemory) b = UseXmm(op.B);
        XmmRm first = IsInMemory(op.A) ? MemoryOf(op.A) : a;
        XmmRm second = IsInMemory(op.B) ? MemoryOf(op.B) : b;
        Xmm d = ResultXmm(op.D);

        // Should the result be a NaN, the factors are looked at once more: one that is overwritten is kept elsewhere.
        if (first.Is(d) || second.Is(d))
        {
            XmmRm kept = Keep(d);
            if (first.Is(d)) first = kept;
            if (second.Is(d)) second = kept;
        }

        if (d == a)
        {
            if (b.IsRegister) _asm.Fma(fma, FmaOrder.F213, size, d, b.Register, c);
            else _asm.Fma(fma, FmaOrder.F132, size, d, c.Register, b);
        }
        else if (b.Is(d))
        {
            _asm.Fma(fma, FmaOrder.F213, size, d, a, c);
        }
        else if (c.IsRegister)
        {
            if (!c.Is(d)) _asm.Movaps(d, c);
            _asm.Fma(fma, FmaOrder.F231, size, d, a, b);
        }
        else
        {
            _asm.Movaps(d, a);
            _asm.Fma(fma, FmaOrder.F213, size, d, b.Register, c);
        }

        Label cold = _asm.NewLabel();
        _asm.Ucomis(size, d, d);
        _asm.JccLong(Cc.Parity, cold);
        AddFloatCold(new FloatCold { Kind = FloatColdKind.Fused, Entry = cold, Back = Here(), Size = size, D = d, A = first, B = second });

        // The cold code gives the canonical NaN in any case.
        TryTakeCanonicalisation(op);
        FinishXmm(op.D, d);
    }

    private bool IsInMemory(IrOperand operand) => !operand.IsConstant && PlaceOf(operand) == -1;

    /// <summary>As <see cref="UseXmmRm"/>, when perhaps no vector register is left.</summary>
    private XmmRm UseThird(IrOperand operand)
    {
        int register = PlaceOf(operand);
        if (IsXmm(register) || IsInMemory(operand) || (ScratchXmms & ~_locked) != 0) return UseXmmRm(operand);
        Mem memory = _homes.Frame(FrameSlot.Scratch);
        _asm.Mov(OperandSize.Qword, (Rm)memory, Use(operand));
        return memory;
    }

    /// <summary>A copy, in a register that is free, else in memory.</summary>
    private XmmRm Keep(Xmm register)
    {
        if ((ScratchXmms & ~(_busy | _locked)) != 0)
        {
            Xmm copy = TakeXmm();
            _asm.Movaps(copy, register);
            return copy;
        }

        Mem memory = _homes.Frame(FrameSlot.Scratch + 1);
        _asm.Movq(memory, register);
        return memory;
    }
}
