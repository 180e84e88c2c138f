using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What fills pairs (<see cref="FrameSlot.Pairs"/>) from the TLB.</summary>
public sealed partial class X64Stubs
{
    private const int PageLength = PageBits + 1;

    /// <summary>As <see cref="WriteFill"/>. If the page behind is in the TLB, too, or the one before, both are remembered; else the pair is as it was.</summary>
    private void WriteFillPair(int sizeLog, Gpr address)
    {
        Gpr tag = address == Gpr.Rax ? Gpr.Rcx : Gpr.Rax, entry = address == Gpr.Rdx ? Gpr.Rcx : Gpr.Rdx;
        Label trial = _asm.NewLabel(), before = _asm.NewLabel(), filled = _asm.NewLabel(), alone = _asm.NewLabel(), many = _asm.NewLabel(), found = _asm.NewLabel(), end = _asm.NewLabel();
        _asm.Push(tag);
        _asm.Push(entry);
        _asm.Mov(OperandSize.Qword, tag, address);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, ~TagBits(sizeLog));
        FindEntry(entry, tag, writes: false);
        _asm.Jcc(Cc.NotEqual, end);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, _homes.Frame(FrameSlot.SiteTrial), 0);
        _asm.Jcc(Cc.NotEqual, trial);

        // From here on the stack has the address of the page's own entry. No page follows the last one.
        _asm.Push(entry);
        _asm.Alu(AluOp.Or, OperandSize.Qword, address, TagBits(sizeLog));
        _asm.Alu(AluOp.Add, OperandSize.Qword, tag, PageLength);
        _asm.JccShort(Cc.Below, before);
        FindEntry(entry, tag, writes: false);
        _asm.JccShort(Cc.NotEqual, before);
        FillPair(tag, entry, own: 1, neighbour: 2);
        _asm.JmpShort(filled);

        _asm.Bind(before);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, tag, 2 * PageLength);
        _asm.JccShort(Cc.Below, alone);
        FindEntry(entry, tag, writes: false);
        _asm.JccShort(Cc.NotEqual, alone);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, address, PageLength);
        FillPair(tag, entry, own: 2, neighbour: 1);

        _asm.Bind(filled);
        Gpr site = tag;
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, new Mem(Gpr.Rbp, site), 0);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site), address);
        _asm.JccShort(Cc.NotEqual, alone);
        LogSite(site, entry);
        _asm.JmpShort(found);

        _asm.Bind(alone);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, _homes.Frame(FrameSlot.Refills), 1);
        _asm.JccShort(Cc.Sign, many);
        _asm.Bind(found);
        _asm.Pop(address);
        _asm.Mov(OperandSize.Qword, address, new Mem(address, 8));
        _asm.Alu(AluOp.Cmp, OperandSize.Dword, tag, tag);
        _asm.Bind(end);
        _asm.Pop(entry);
        _asm.Pop(tag);
        _asm.Ret(sizeof(ulong));

        _asm.Bind(many);
        AskForAttention(tag, ReturnAddress + sizeof(ulong));
        _asm.JmpShort(found);

        _asm.Bind(trial);
        WriteTrial(sizeLog, address, tag, entry);
        _asm.Jmp(end);
    }

    /// <summary>Remembers the addends of the page itself, whose entry's address is on the stack, and of its neighbour. Leaves the pair's distance in the first register.</summary>
    /// <param name="entry">The address of the neighbour's entry.</param>
    /// <param name="own">Which slot of the pair is the page's own.</param>
    private void FillPair(Gpr site, Gpr entry, int own, int neighbour)
    {
        LoadSite(site, SiteArgument + sizeof(ulong));
        _asm.Mov(OperandSize.Qword, entry, new Mem(entry, 8));
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site, 1, sizeof(ulong) * neighbour), entry);
        _asm.Mov(OperandSize.Qword, entry, new Mem(Gpr.Rsp));
        _asm.Mov(OperandSize.Qword, entry, new Mem(entry, 8));
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site, 1, sizeof(ulong) * own), entry);
    }
}
