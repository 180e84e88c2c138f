using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Multiplication and division.</summary>
public sealed partial class X64Backend
{
    private void Multiply(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        IrOperand d = op.D, a = op.A, b = op.B;
        if (a.IsConstant || b == d) (a, b) = (b, a);
        Gpr t = Target(d, a);
        if (Immediate(b, size, out int value))
        {
            if (a.IsConstant)
            {
                Fetch(t, a, size);
                _asm.Imul(size, t, t, value);
            }
            else
            {
                _asm.Imul(size, t, UseRm(a), value);
            }
        }
        else
        {
            if (IsIn(b, t) && !IsIn(a, t)) (a, b) = (b, a);
            Fetch(t, a, size);
            _asm.Imul(size, t, UseRm(b));
        }

        Finish(d, t, op.Type);
    }

    /// <summary>The operation is mul or imul, of rax and another operand, with the result in rdx:rax.</summary>
    private void MultiplyHigh(in IrOp op, UnaryOp multiply)
    {
        IrOperand a = op.A, b = op.B;
        if (b.IsConstant) (a, b) = (b, a);
        SpillAll();
        Gpr rax = Take(Gpr.Rax), rdx = Take(Gpr.Rdx);
        Rm factor = UseRm(b);
        Fetch(rax, a);
        _asm.Unary(multiply, OperandSize.Qword, factor);
        Finish(op.D, rdx);
    }

    /// <summary>Signed by unsigned: what the unsigned product has too much is b, if a is negative.</summary>
    private void MultiplyHighMixed(in IrOp op)
    {
        SpillAll();
        Gpr rax = Take(Gpr.Rax), rdx = Take(Gpr.Rdx);
        Rm b = UseRm(op.B);
        Fetch(rax, op.A);
        _asm.Unary(UnaryOp.Mul, OperandSize.Qword, b);
        Fetch(rax, op.A);
        _asm.Shift(ShiftOp.Sar, OperandSize.Qword, rax, 63);
        _asm.Alu(AluOp.And, OperandSize.Qword, rax, b);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, rdx, rax);
        Finish(op.D, rdx);
    }

    private void Divide(in IrOp op, bool signed, bool remainder)
    {
        OperandSize size = SizeOf(op.Type);
        SpillAll();
        Gpr rax = Take(Gpr.Rax), rdx = Take(Gpr.Rdx);
        Gpr divisor = Use(op.B);
        Fetch(rax, op.A, size);
        Gpr result = remainder ? rdx : rax;
        long known = op.B.IsConstant ? Extended(_region.ValueOf(op.B), size == OperandSize.Dword ? IrType.S32 : IrType.I64) : 0;
        Label done = _asm.NewLabel();
        if (known == 0)
        {
            // By zero: all ones, or the dividend.
            Label divide = _asm.NewLabel();
            _asm.Test(size, divisor, divisor);
            _asm.JccShort(Cc.NotEqual, divide);
            if (remainder) _asm.Mov(size, rdx, rax);
            else _asm.Alu(AluOp.Or, size, rax, -1);
            _asm.JmpShort(done);
            _asm.Bind(divide);
        }

        if (signed)
        {
            if (known is 0 or -1)
            {
                // By −1, which overflows for the smallest dividend: the negative, or zero.
                Label divide = _asm.NewLabel();
                _asm.Alu(AluOp.Cmp, size, divisor, -1);
                _asm.JccShort(Cc.NotEqual, divide);
                if (remainder) _asm.Zero(rdx);
                else _asm.Neg(size, rax);
                _asm.JmpShort(done);
                _asm.Bind(divide);
            }

            if (size == OperandSize.Qword) _asm.Cqo();
            else _asm.Cdq();
            _asm.Unary(UnaryOp.Idiv, size, divisor);
        }
        else
        {
            _asm.Zero(rdx);
            _asm.Unary(UnaryOp.Div, size, divisor);
        }

        _asm.Bind(done);
        Finish(op.D, result, op.Type);
    }
}
