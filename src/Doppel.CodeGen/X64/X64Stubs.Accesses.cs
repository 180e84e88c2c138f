using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Loads and stores that are called.</summary>
public sealed partial class X64Stubs
{
    /// <summary>rax = the address, rdx = what is to be stored, ecx for the engine; leaves what was loaded, zero-extended, in rax.</summary>
    private void WriteAccess(CallbackKind kind)
    {
        bool stores = kind >= CallbackKind.Store8;
        int sizeLog = stores ? kind - CallbackKind.Store8 : (int)kind;
        OperandSize size = sizeLog switch { 0 => OperandSize.Byte, 1 => OperandSize.Word, 2 => OperandSize.Dword, _ => OperandSize.Qword };

        // A home, which comes back before anybody looks at it.
        Gpr tag = Gpr.Rbx, entry = Gpr.Rcx;
        Label miss = _asm.NewLabel();
        _asm.Push(entry);
        _asm.Push(tag);
        _asm.Mov(OperandSize.Dword, entry, Gpr.Rax);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, entry, X64Backend.IndexShift);
        _asm.Alu(AluOp.And, OperandSize.Dword, entry, X64Backend.IndexMask);
        _asm.Mov(OperandSize.Qword, tag, Gpr.Rax);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, ~TagBits(sizeLog));
        _asm.Alu(AluOp.Add, OperandSize.Qword, entry, _homes.Frame(stores ? FrameSlot.WriteTlb : FrameSlot.ReadTlb));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, new Mem(entry));
        _asm.JccShort(Cc.NotEqual, miss);
        _asm.Mov(OperandSize.Qword, entry, new Mem(entry, 8));
        var host = new Mem(Gpr.Rax, entry);
        if (stores) _asm.Mov(size, (Rm)host, Gpr.Rdx);
        else _asm.Movzx(Gpr.Rax, size, host);
        _asm.Pop(tag);
        _asm.Pop(entry);
        _asm.Ret();
        _asm.Bind(miss);
        _asm.Pop(tag);
        _asm.Pop(entry);
        _asm.Jmp(_call);
    }
}
