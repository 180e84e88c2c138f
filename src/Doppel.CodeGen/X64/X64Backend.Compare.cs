using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Comparisons and what depends on them.</summary>
public sealed partial class X64Backend
{
    /// <summary>The register of which the flags say whether it is zero, as long as no other instruction follows: if the code still ends at this position.</summary>
    private Gpr _zeroOf;
    private int _zeroAt;

    /// <summary>The last instruction has computed the value in a register, and set the flags by it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteZero(Gpr register) => (_zeroOf, _zeroAt) = (register, _asm.Position);

    /// <summary>Whether the zero flag is set if the register is zero, and only then.</summary>
    private bool SaysZero(Gpr register) => _zeroOf == register && _zeroAt == _asm.Position;

    /// <summary>Control comes here from elsewhere, too, with other flags.</summary>
    private void ForgetFlags() => _zeroAt = -1;

    /// <summary>Sets the flags for a condition of two values.</summary>
    /// <returns>The condition code that says whether it holds.</returns>
    private Cc Compare(IrCondition condition, IrOperand a, IrOperand b)
    {
        bool swapped = a.IsConstant && !b.IsConstant;
        if (swapped) (a, b) = (b, a);
        int ra = RegisterOf(a);
        if (IsGpr(ra) && IsZero(b))
        {
            if (condition > IrCondition.NotEqual || !SaysZero((Gpr)ra)) _asm.Test(OperandSize.Qword, (Gpr)ra, (Gpr)ra);
        }
        else if (Immediate(b, OperandSize.Qword, out int value))
        {
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, UseRm(a), value);
        }
        else if (IsGpr(ra) && IsGpr(RegisterOf(b)))
        {
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, (Gpr)ra, (Rm)(Gpr)RegisterOf(b));
        }
        else if (!a.IsConstant && ra == NoPlace)
        {
            Gpr register = Use(b);
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, MemoryOf(a), register);
        }
        else
        {
            Gpr register = Use(a);
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, register, UseRm(b));
        }

        return (swapped ? SwappedCodes : Codes)[(int)condition];
    }

    // By condition; tables, as nobody can predict which one comes.
    private static ReadOnlySpan<Cc> Codes => [Cc.Equal, Cc.NotEqual, Cc.Less, Cc.GreaterOrEqual, Cc.Below, Cc.AboveOrEqual];

    private static ReadOnlySpan<Cc> SwappedCodes => [Cc.Equal, Cc.NotEqual, Cc.Greater, Cc.LessOrEqual, Cc.Above, Cc.BelowOrEqual];

    private void SetOrSelect(in IrOp op)
    {
        if (op.D.IsTemp && _lastUses[op.D.Number] == _index + 1 && _region.Ops[_index + 1] is { Code: IrOpcode.Select } select && select.A == op.D
            && select.B != op.D && select.C != op.D && NeedsNoRegister(op.A) && NeedsNoRegister(op.B))
        {
            _index++;
            if (select.D.IsTemp) FindLastUse(select.D);
            SelectIf(op, select);
        }
        else
        {
            Set(op);
        }
    }

    /// <summary>Whether it can be compared without another register: old value, new value and a slot may need all that there are.</summary>
    private bool NeedsNoRegister(IrOperand operand) => !operand.IsConstant || Immediate(operand, OperandSize.Qword, out _);

    /// <summary>A choice by a comparison that is there for nothing else.</summary>
    private void SelectIf(in IrOp comparison, in IrOp select)
    {
        IrOperand d = select.D, kept = select.C, other = select.B;
        Gpr t = Target(d, kept);
        bool keepsFirst = IsIn(other, t) && !IsIn(kept, t);
        if (keepsFirst) (kept, other) = (other, kept);

        // What is compared must not be overwritten before.
        if (!IsIn(kept, t) && (IsIn(comparison.A, t) || IsIn(comparison.B, t))) t = TakeGpr();
        Fetch(t, kept);
        Rm source = UseRm(other);
        Cc condition = Compare(comparison.Condition, comparison.A, comparison.B);
        _asm.Cmovcc(keepsFirst ? condition ^ (Cc)1 : condition, OperandSize.Qword, t, source);
        Finish(d, t);
    }

    private void Set(in IrOp op)
    {
        Gpr t;
        if (op.Condition == IrCondition.LessSigned && IsZero(op.B))
        {
            t = Target(op.D, op.A);
            Fetch(t, op.A);
            _asm.Shift(ShiftOp.Shr, OperandSize.Qword, t, 63);
            Finish(op.D, t);
            return;
        }

        t = Target(op.D);
        bool clear = !IsIn(op.A, t) && !IsIn(op.B, t);
        if (clear) _asm.Zero(t);
        Cc condition = Compare(op.Condition, op.A, op.B);
        _asm.Setcc(condition, t);
        if (!clear) _asm.Movzx(t, OperandSize.Byte, t);
        Finish(op.D, t);
    }

    /// <summary>d = a != 0 ? b : c.</summary>
    private void Select(in IrOp op)
    {
        if (op.A.IsConstant)
        {
            Copy(op with { A = IsZero(op.A) ? op.C : op.B });
            return;
        }

        Gpr t = Target(op.D);
        Cc taken;
        IrOperand other;
        if (IsIn(op.A, t))
        {
            t = TakeGpr();
            Fetch(t, op.C);
            (taken, other) = (Cc.NotEqual, op.B);
        }
        else if (IsIn(op.B, t))
        {
            (taken, other) = (Cc.Equal, op.C);
        }
        else
        {
            Fetch(t, op.C);
            (taken, other) = (Cc.NotEqual, op.B);
        }

        Rm source = UseRm(other);
        if (IsGpr(RegisterOf(op.A))) _asm.Test(OperandSize.Qword, (Gpr)RegisterOf(op.A), (Gpr)RegisterOf(op.A));
        else _asm.Alu(AluOp.Cmp, OperandSize.Qword, UseRm(op.A), 0);
        _asm.Cmovcc(taken, OperandSize.Qword, t, source);
        Finish(op.D, t);
    }

    /// <summary>The smaller or greater of two: the condition is when a is it.</summary>
    private void Choose(in IrOp op, Cc condition)
    {
        IrOperand d = op.D, a = op.A, b = op.B;
        if (a.IsConstant || b == d) (a, b) = (b, a);
        Gpr t = Target(d, a);
        if (IsIn(b, t) && !IsIn(a, t)) (a, b) = (b, a);
        Fetch(t, a);
        Rm other = UseRm(b);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, t, other);

        // The opposite of less is greater or equal; if they are equal it does not matter.
        _asm.Cmovcc(condition ^ (Cc)1, OperandSize.Qword, t, other);
        Finish(d, t);
    }
}
