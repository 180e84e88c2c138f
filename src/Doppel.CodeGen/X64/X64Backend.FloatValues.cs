using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Values in vector registers: the same as for general-purpose ones. Only the low 64 bits of a register count; the others may be anything, so that no operation on all of it
/// may raise an exception.
/// </summary>
public sealed partial class X64Backend
{
    /// <summary>A vector register with the value: its own, or a scratch register that it is loaded into. Not to be changed.</summary>
    private Xmm UseXmm(IrOperand operand)
    {
        int register = RegisterOf(operand);
        if (IsXmm(register))
        {
            Lock(ref _locked, register);
            return XmmOf(register);
        }

        Xmm scratch = TakeXmm();
        FetchXmm(scratch, operand);
        return scratch;
    }

    /// <summary>The value in a vector register or in 8 bytes of memory.</summary>
    private XmmRm UseXmmRm(IrOperand operand)
    {
        if (operand.IsConstant || PlaceOf(operand) != -1) return UseXmm(operand);
        return MemoryOf(operand);
    }

    private bool IsIn(IrOperand operand, Xmm register) => RegisterOf(operand) == X64Homes.FirstXmm + (int)register;

    /// <summary>Copies 64 bits; may take a general-purpose register for a constant.</summary>
    private void FetchXmm(Xmm d, IrOperand operand)
    {
        if (operand.IsConstant)
        {
            if (IsZero(operand)) _asm.Logic(SseLogic.Xor, d, d);
            else _asm.MovToXmm(OperandSize.Qword, d, Use(operand));
            return;
        }

        int register = RegisterOf(operand);
        if (IsGpr(register)) _asm.MovToXmm(OperandSize.Qword, d, (Gpr)register);
        else if (!IsXmm(register)) _asm.Movq(d, MemoryOf(operand));
        else if (XmmOf(register) != d) _asm.Movaps(d, XmmOf(register));
    }

    /// <summary>xmm0 or xmm1; a temporary in it moves to memory.</summary>
    private Xmm TakeXmm() => XmmOf(Take(ScratchXmms));

    /// <summary>Where to compute the result in: the register of the destination, or that of an operand that is not needed any more, or a scratch register.</summary>
    private Xmm TargetXmm(IrOperand d, IrOperand a = default)
    {
        if (d.IsSlot)
        {
            int home = _places[d.Place];
            if (IsXmm(home)) return XmmOf(home);
        }

        if (a.IsTemp && IsXmm(_places[a.Place]) && (_lastUses[a.Number] <= _index || a == d))
        {
            Lock(ref _locked, _places[a.Place]);
            return XmmOf(_places[a.Place]);
        }

        return TakeXmm();
    }

    /// <summary>The result, 64 bits, is in the register: brings it to where it belongs.</summary>
    private void FinishXmm(IrOperand d, Xmm result)
    {
        switch (d.Kind)
        {
            case IrOperandKind.Slot:
                int home = _places[d.Place];
                if (home == X64Homes.InMemory) _asm.Movq(X64Homes.Memory(d.Number), result);
                else if (IsGpr(home)) _asm.MovFromXmm(OperandSize.Qword, (Gpr)home, result);
                else if (XmmOf(home) != result) _asm.Movaps(XmmOf(home), result);
                break;
            case IrOperandKind.Temp:
                Place(d.Number, X64Homes.FirstXmm + (int)result);
                break;
        }
    }

    /// <summary>d = d op constant.</summary>
    private void Logic(SseLogic op, Xmm d, X64Constant constant)
    {
        _asm.Logic(op, d, Mem.Rip());
        UsesConstant(constant);
    }

    /// <summary>The instruction before, which has <see cref="Mem.Rip"/> as an operand, means this constant.</summary>
    /// <param name="immediate">Bytes that follow the displacement in the instruction.</param>
    private void UsesConstant(X64Constant constant, int immediate = 0) =>
        AddStubCall(_asm.Position - immediate - 4, _stubs.OffsetOf(constant) - immediate);
}
