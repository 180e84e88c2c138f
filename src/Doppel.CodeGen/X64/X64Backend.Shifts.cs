using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Shifts and rotates. The processor takes counts modulo the width, as the operations do.</summary>
public sealed partial class X64Backend
{
    private void Shift(ShiftOp shift, ShiftxOp shiftx, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (op.B.IsConstant)
        {
            ShiftByConstant(shift, op, CountOf(op));
            return;
        }

        if (!_hasBmi2)
        {
            ShiftByRegister(shift, op);
            return;
        }

        Gpr count = Use(op.B);
        Rm a = UseRm(op.A);
        Gpr t = Target(op.D, op.A);
        _asm.Shiftx(shiftx, size, t, a, count);
        Finish(op.D, t, op.Type);
    }

    private void Rotate(ShiftOp rotate, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (!op.B.IsConstant)
        {
            ShiftByRegister(rotate, op);
            return;
        }

        int count = CountOf(op);
        Gpr t = Target(op.D, op.A);
        if (_hasBmi2 && !IsIn(op.A, t))
        {
            _asm.Rorx(size, t, UseRm(op.A), rotate == ShiftOp.Ror ? count : -count & (Bits(op.Type) - 1));
        }
        else
        {
            Fetch(t, op.A, size);
            _asm.Shift(rotate, size, t, count);
        }

        Finish(op.D, t, op.Type);
    }

    private void ShiftByConstant(ShiftOp shift, in IrOp op, int count)
    {
        OperandSize size = SizeOf(op.Type);
        IrOperand a = op.A, d = op.D;
        if (count == 0)
        {
            Extend(d, a, op.Type);
            return;
        }

        if (size == OperandSize.Qword && a == d && IsMemorySlot(d))
        {
            _asm.Shift(shift, size, MemoryOf(d), count);
            return;
        }

        Gpr t = Target(d, a);
        if (shift == ShiftOp.Sar && op.Type == IrType.S32)
        {
            // Extended first, the result needs no extension.
            if (a.IsConstant) Fetch(t, a, size);
            _asm.Movsxd(t, a.IsConstant ? t : UseRm(a));
            _asm.Shift(shift, OperandSize.Qword, t, count);
            Finish(d, t);
            return;
        }

        int ra = RegisterOf(a);
        if (shift == ShiftOp.Shl && count == 1 && IsGpr(ra) && ra != (int)t)
        {
            _asm.Lea(size, t, new Mem((Gpr)ra, (Gpr)ra));
        }
        else
        {
            Fetch(t, a, size);
            _asm.Shift(shift, size, t, count);
            NoteZero(t);
        }

        // What was shifted right by one or more is not negative.
        if (shift == ShiftOp.Shr) Finish(d, t);
        else Finish(d, t, op.Type);
    }

    private void ShiftByRegister(ShiftOp shift, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        SpillAll();
        Gpr count = Take(Gpr.Rcx);
        Fetch(count, op.B, OperandSize.Dword);
        Gpr t = Target(op.D);
        Fetch(t, op.A, size);
        _asm.ShiftCl(shift, size, t);
        Finish(op.D, t, op.Type);
    }

    private int CountOf(in IrOp op) => (int)_region.ValueOf(op.B) & (Bits(op.Type) - 1);

    private static int Bits(IrType type) => type == IrType.I64 ? 64 : 32;
}
