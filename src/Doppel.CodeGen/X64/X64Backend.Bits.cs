using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Bits: counting them, single ones, the order of bytes.</summary>
public sealed partial class X64Backend
{
    private void CountLeadingZeros(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        Rm a = UseRm(op.A);
        if (Has(X64Features.Lzcnt))
        {
            Gpr t = Target(op.D, op.A);
            _asm.Count(CountOp.Lzcnt, size, t, a);
            Finish(op.D, t);
            return;
        }

        // bsr gives the number of the highest one; 63 or 31 less it is that number with these bits flipped.
        Gpr highest = TakeGpr();
        Gpr none = TakeGpr();
        _asm.Count(CountOp.Bsr, size, highest, a);
        _asm.MovConstant(none, 2 * Bits(op.Type) - 1);
        _asm.Cmovcc(Cc.Equal, OperandSize.Dword, highest, none);
        _asm.Alu(AluOp.Xor, OperandSize.Dword, highest, Bits(op.Type) - 1);
        Finish(op.D, highest);
    }

    private void CountTrailingZeros(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        Rm a = UseRm(op.A);
        if (_hasBmi1)
        {
            Gpr t = Target(op.D, op.A);
            _asm.Count(CountOp.Tzcnt, size, t, a);
            Finish(op.D, t);
            return;
        }

        Gpr lowest = TakeGpr();
        Gpr none = TakeGpr();
        _asm.Count(CountOp.Bsf, size, lowest, a);
        _asm.MovConstant(none, Bits(op.Type));
        _asm.Cmovcc(Cc.Equal, OperandSize.Dword, lowest, none);
        Finish(op.D, lowest);
    }

    private void CountOnes(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (Has(X64Features.Popcnt))
        {
            Rm a = UseRm(op.A);
            Gpr t = Target(op.D, op.A);
            _asm.Count(CountOp.Popcnt, size, t, a);
            Finish(op.D, t);
            return;
        }

        // Sums of ever wider fields; the multiplication adds the eight bytes up.
        const long Pairs = 0x5555_5555_5555_5555, Nibbles = 0x3333_3333_3333_3333, Bytes = 0x0f0f_0f0f_0f0f_0f0f, Ones = 0x0101_0101_0101_0101;
        SpillAll();
        Gpr x = TakeGpr(), y = TakeGpr(), mask = TakeGpr();
        Fetch(x, op.A, size);
        _asm.Mov(OperandSize.Qword, y, x);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, y, 1);
        Masked(y, mask, Pairs);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, x, y);
        _asm.Mov(OperandSize.Qword, y, x);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, y, 2);
        Masked(y, mask, Nibbles);
        _asm.Alu(AluOp.And, OperandSize.Qword, x, mask);
        _asm.Alu(AluOp.Add, OperandSize.Qword, x, y);
        _asm.Mov(OperandSize.Qword, y, x);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, y, 4);
        _asm.Alu(AluOp.Add, OperandSize.Qword, x, y);
        Masked(x, mask, Bytes);
        _asm.MovConstant(mask, Ones);
        _asm.Imul(OperandSize.Qword, x, mask);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, x, 56);
        Finish(op.D, x);
    }

    private void Masked(Gpr register, Gpr mask, long value)
    {
        _asm.MovConstant(mask, value);
        _asm.Alu(AluOp.And, OperandSize.Qword, register, mask);
    }

    private void SwapBytes(in IrOp op)
    {
        Gpr t = Target(op.D, op.A);
        Fetch(t, op.A);
        _asm.Bswap(OperandSize.Qword, t);
        Finish(op.D, t);
    }

    private void ChangeBit(BitOp change, in IrOp op)
    {
        if (op.B.IsConstant)
        {
            Gpr t = Target(op.D, op.A);
            Fetch(t, op.A);
            _asm.Bit(change, OperandSize.Qword, (Rm)t, (int)_region.ValueOf(op.B) & 63);
            Finish(op.D, t);
        }
        else
        {
            // A register's bit, because in memory the number would not be taken modulo 64.
            Gpr number = Use(op.B);
            Gpr t = Target(op.D, op.A);
            if (t == number) t = TakeGpr();
            Fetch(t, op.A);
            _asm.Bit(change, OperandSize.Qword, t, number);
            Finish(op.D, t);
        }
    }

    private void TestBit(in IrOp op)
    {
        Gpr t;
        if (op.B.IsConstant)
        {
            int number = (int)_region.ValueOf(op.B) & 63;
            t = Target(op.D, op.A);
            Fetch(t, op.A);
            if (number != 0) _asm.Shift(ShiftOp.Shr, OperandSize.Qword, t, number);
            if (number != 63) _asm.Alu(AluOp.And, OperandSize.Dword, t, 1);
            Finish(op.D, t);
            return;
        }

        Gpr a = Use(op.A);
        Gpr b = Use(op.B);
        t = Target(op.D);
        bool clear = t != a && t != b;
        if (clear) _asm.Zero(t);
        _asm.Bit(BitOp.Bt, OperandSize.Qword, a, b);
        _asm.Setcc(Cc.Below, t);
        if (!clear) _asm.Movzx(t, OperandSize.Byte, t);
        Finish(op.D, t);
    }
}
