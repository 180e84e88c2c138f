using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What fills sites from the TLB.</summary>
public sealed partial class X64Stubs
{
    private const int PageBits = 4095;

    private const int ReturnAddress = 2 * sizeof(ulong);

    /// <summary>From the saved registers to the argument, behind the return address.</summary>
    private const int SiteArgument = 3 * sizeof(ulong);

    /// <param name="address">The register with the address.</param>
    private void WriteFill(bool writes, int sizeLog, Gpr address)
    {
        Gpr tag = address == Gpr.Rax ? Gpr.Rcx : Gpr.Rax, entry = address == Gpr.Rdx ? Gpr.Rcx : Gpr.Rdx;
        Label first = _asm.NewLabel(), many = _asm.NewLabel(), found = _asm.NewLabel(), end = _asm.NewLabel();
        _asm.Push(tag);
        _asm.Push(entry);
        _asm.Mov(OperandSize.Dword, entry, address);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, entry, X64Backend.IndexShift);
        _asm.Alu(AluOp.And, OperandSize.Dword, entry, X64Backend.IndexMask);
        _asm.Mov(OperandSize.Qword, tag, address);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, ~TagBits(sizeLog));
        _asm.Alu(AluOp.Add, OperandSize.Qword, entry, _homes.Frame(writes ? FrameSlot.WriteTlb : FrameSlot.ReadTlb));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, new Mem(entry));
        _asm.JccShort(Cc.NotEqual, end);

        _asm.Alu(AluOp.Or, OperandSize.Qword, address, TagBits(sizeLog));
        Gpr site = tag, addend = entry;
        _asm.Mov(OperandSize.Qword, site, new Mem(Gpr.Rsp, SiteArgument));
        _asm.Mov(OperandSize.Qword, addend, new Mem(entry, 8));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, new Mem(Gpr.Rbp, site), 0);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site), address);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site, 1, 8), addend);
        _asm.Mov(OperandSize.Qword, address, addend);
        _asm.JccShort(Cc.Equal, first);

        // Mostly it had another page: straight on.
        _asm.Alu(AluOp.Sub, OperandSize.Qword, _homes.Frame(FrameSlot.Refills), 1);
        _asm.JccShort(Cc.Sign, many);
        _asm.Bind(found);
        _asm.Alu(AluOp.Cmp, OperandSize.Dword, site, site);
        _asm.Bind(end);
        _asm.Pop(entry);
        _asm.Pop(tag);
        _asm.Ret(sizeof(ulong));

        // It was empty: in the list of those to be emptied it is new.
        _asm.Bind(first);
        Gpr log = entry;
        _asm.Mov(OperandSize.Qword, log, _homes.Frame(FrameSlot.SiteLog));
        _asm.Mov(OperandSize.Dword, (Rm)new Mem(log), site);
        _asm.Alu(AluOp.Add, OperandSize.Qword, _homes.Frame(FrameSlot.SiteLog), sizeof(int));
        _asm.JmpShort(found);

        _asm.Bind(many);
        _asm.Mov(OperandSize.Qword, tag, new Mem(Gpr.Rsp, ReturnAddress));
        _asm.Mov(OperandSize.Qword, (Rm)_homes.Frame(FrameSlot.Refiller), tag);
        _asm.MovConstant(tag, unchecked((long)FrameSlot.LeaveCode));
        _asm.Lock();
        _asm.Alu(AluOp.Or, OperandSize.Qword, _homes.Frame(FrameSlot.Attention), tag);
        _asm.JmpShort(found);
    }
}
