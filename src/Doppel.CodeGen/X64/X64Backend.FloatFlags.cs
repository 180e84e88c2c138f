using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// The sticky flags, which are MXCSR's (Intel SDM volume 1, section 10.2.3): invalid in bit 0, divide by zero, overflow, underflow and inexact in bits 2 to 5. The
/// operations have them the other way round and without a gap.
/// </summary>
public sealed partial class X64Backend
{
    private const int InvalidFlag = 1, OtherFlags = 0x3c, AllFlags = 0x3f;

    private void ReadFlags(in IrOp op)
    {
        SpillAll();
        Gpr flags = TakeGpr(), others = TakeGpr();
        Mem control = _homes.Frame(FrameSlot.GuestFloatControl);
        _asm.Stmxcsr(control);
        _asm.Mov(OperandSize.Dword, flags, control);
        _asm.Mov(OperandSize.Dword, others, flags);

        // Bits 3 to 7, to be reversed.
        _asm.Alu(AluOp.And, OperandSize.Dword, others, OtherFlags);
        _asm.Shift(ShiftOp.Shl, OperandSize.Dword, others, 2);
        _asm.Alu(AluOp.And, OperandSize.Dword, flags, InvalidFlag);
        _asm.Shift(ShiftOp.Shl, OperandSize.Dword, flags, 3);
        _asm.Alu(AluOp.Or, OperandSize.Dword, flags, others);
        ReverseByte(flags, others);
        Finish(op.D, flags);
    }

    private void WriteFlags(in IrOp op)
    {
        SpillAll();
        Gpr flags = TakeGpr(), others = TakeGpr();
        Mem control = _homes.Frame(FrameSlot.GuestFloatControl);
        Fetch(flags, op.A);
        _asm.Alu(AluOp.And, OperandSize.Dword, flags, 0x1f);
        ReverseByte(flags, others);
        _asm.Mov(OperandSize.Dword, others, flags);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, others, 2);
        _asm.Alu(AluOp.And, OperandSize.Dword, others, OtherFlags);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, flags, 3);
        _asm.Alu(AluOp.And, OperandSize.Dword, flags, InvalidFlag);
        _asm.Alu(AluOp.Or, OperandSize.Dword, flags, others);
        _asm.Stmxcsr(control);
        _asm.Mov(OperandSize.Dword, others, control);
        _asm.Alu(AluOp.And, OperandSize.Dword, others, ~AllFlags);
        _asm.Alu(AluOp.Or, OperandSize.Dword, others, flags);
        _asm.Mov(OperandSize.Dword, (Rm)control, others);
        _asm.Ldmxcsr(control);
    }

    /// <summary>The bits of a byte in reverse: copies of it side by side, of which each gives two bits, and a sum that brings them together.</summary>
    private void ReverseByte(Gpr value, Gpr other)
    {
        const long Copies = 0x80200802, Chosen = 0x0884422110, Sum = 0x0101010101;
        _asm.MovConstant(other, Copies);
        _asm.Imul(OperandSize.Qword, value, other);
        _asm.MovConstant(other, Chosen);
        _asm.Alu(AluOp.And, OperandSize.Qword, value, other);
        _asm.MovConstant(other, Sum);
        _asm.Imul(OperandSize.Qword, value, other);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, value, 32);
        _asm.Alu(AluOp.And, OperandSize.Dword, value, 0xff);
    }
}
