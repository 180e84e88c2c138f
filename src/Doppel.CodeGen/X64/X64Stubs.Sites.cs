using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What fills sites from the TLB.</summary>
public sealed partial class X64Stubs
{
    private const int PageBits = 4095;

    private const int ReturnAddress = 2 * sizeof(ulong);

    /// <summary>From the saved registers to the argument, behind the return address.</summary>
    private const int SiteArgument = 3 * sizeof(ulong);

    /// <summary>Of the argument, bits with the displacement of the site; above them there is half of what goes to <see cref="FrameSlot.RefillerDistance"/>.</summary>
    internal const int SiteBits = 20;

    private const int SiteMask = (1 << SiteBits) - 1;

    /// <param name="address">The register with the address.</param>
    private void WriteFill(bool writes, int sizeLog, Gpr address)
    {
        Gpr tag = address == Gpr.Rax ? Gpr.Rcx : Gpr.Rax, entry = address == Gpr.Rdx ? Gpr.Rcx : Gpr.Rdx;
        Label first = _asm.NewLabel(), trial = _asm.NewLabel(), many = _asm.NewLabel(), found = _asm.NewLabel(), end = _asm.NewLabel();
        _asm.Push(tag);
        _asm.Push(entry);
        _asm.Mov(OperandSize.Qword, tag, address);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, ~TagBits(sizeLog));
        FindEntry(entry, tag, writes);
        _asm.JccShort(Cc.NotEqual, end);

        _asm.Alu(AluOp.Cmp, OperandSize.Qword, _homes.Frame(FrameSlot.SiteTrial), 0);
        _asm.Jcc(Cc.NotEqual, trial);
        _asm.Alu(AluOp.Or, OperandSize.Qword, address, TagBits(sizeLog));
        Gpr site = tag, addend = entry;
        LoadSite(site, SiteArgument);
        _asm.Mov(OperandSize.Qword, addend, new Mem(entry, 8));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, new Mem(Gpr.Rbp, site), 0);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site), address);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site, 1, 8), addend);
        _asm.JccShort(Cc.Equal, first);

        // Mostly it had another page: straight on.
        _asm.Mov(OperandSize.Qword, address, addend);
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
        _asm.Mov(OperandSize.Qword, address, addend);
        LogSite(site, entry);
        _asm.JmpShort(found);

        _asm.Bind(many);
        AskForAttention(tag, ReturnAddress);
        _asm.JmpShort(found);

        _asm.Bind(trial);
        WriteTrial(sizeLog, address, tag, entry);
        _asm.Jmp(end);
    }

    /// <summary>
    /// In a trial: the site would have been enough (a pair's first page counts alone), or not, which is counted, and gets a tag that no access finds. It is done without the site, as if the page were not in the TLB; whoever does it for several
    /// accesses at once looks at the tag once more when it was filled.
    /// </summary>
    private void WriteTrial(int sizeLog, Gpr address, Gpr site, Gpr old)
    {
        Label empty = _asm.NewLabel(), other = _asm.NewLabel(), done = _asm.NewLabel();
        _asm.Push(address);
        LoadSite(site, SiteArgument + sizeof(ulong));
        _asm.Alu(AluOp.Or, OperandSize.Qword, address, TagBits(sizeLog));
        _asm.Mov(OperandSize.Qword, old, new Mem(Gpr.Rbp, site));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, old, 0);
        _asm.JccShort(Cc.Equal, empty);
        _asm.Alu(AluOp.Or, OperandSize.Qword, old, (int)FrameSlot.TrialTag);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, old, address);
        _asm.JccShort(Cc.NotEqual, other);
        _asm.Alu(AluOp.Add, OperandSize.Qword, _homes.Frame(FrameSlot.TrialHits), 1);
        _asm.Bind(other);
        _asm.Alu(AluOp.Xor, OperandSize.Qword, address, (int)FrameSlot.TrialTag);
        _asm.Mov(OperandSize.Qword, (Rm)new Mem(Gpr.Rbp, site), address);
        _asm.Alu(AluOp.Sub, OperandSize.Qword, _homes.Frame(FrameSlot.Refills), 1);
        _asm.JccShort(Cc.NoSign, done);
        AskForAttention(site, ReturnAddress + sizeof(ulong));
        _asm.JmpShort(done);

        _asm.Bind(empty);
        LogSite(site, old);
        _asm.JmpShort(other);

        _asm.Bind(done);
        _asm.Pop(address);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, Gpr.Rsp, 0);
    }

    /// <summary>entry = the address of the page's entry in the TLB; the zero flag says whether it is the page's.</summary>
    /// <param name="page">The address of the page, with what there is of the address below the access's size.</param>
    private void FindEntry(Gpr entry, Gpr page, bool writes)
    {
        _asm.Mov(OperandSize.Dword, entry, page);
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, entry, X64Backend.IndexShift);
        _asm.Alu(AluOp.And, OperandSize.Dword, entry, X64Backend.IndexMask);
        _asm.Alu(AluOp.Add, OperandSize.Qword, entry, _homes.Frame(writes ? FrameSlot.WriteTlb : FrameSlot.ReadTlb));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, page, new Mem(entry));
    }

    private void LoadSite(Gpr site, int argument)
    {
        _asm.Mov(OperandSize.Dword, site, new Mem(Gpr.Rsp, argument));
        _asm.Alu(AluOp.And, OperandSize.Dword, site, SiteMask);
    }

    private void LogSite(Gpr site, Gpr scratch)
    {
        _asm.Mov(OperandSize.Qword, scratch, _homes.Frame(FrameSlot.SiteLog));
        _asm.Mov(OperandSize.Dword, (Rm)new Mem(scratch), site);
        _asm.Alu(AluOp.Add, OperandSize.Qword, _homes.Frame(FrameSlot.SiteLog), sizeof(int));
    }

    private void AskForAttention(Gpr scratch, int returnAddress)
    {
        _asm.Mov(OperandSize.Qword, scratch, new Mem(Gpr.Rsp, returnAddress));
        _asm.Mov(OperandSize.Qword, (Rm)_homes.Frame(FrameSlot.Refiller), scratch);
        _asm.Mov(OperandSize.Dword, scratch, new Mem(Gpr.Rsp, returnAddress + sizeof(ulong)));
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, scratch, SiteBits);
        _asm.Alu(AluOp.Add, OperandSize.Dword, scratch, scratch);
        _asm.Mov(OperandSize.Qword, (Rm)_homes.Frame(FrameSlot.RefillerDistance), scratch);
        _asm.MovConstant(scratch, unchecked((long)FrameSlot.LeaveCode));
        _asm.Lock();
        _asm.Alu(AluOp.Or, OperandSize.Qword, _homes.Frame(FrameSlot.Attention), scratch);
    }
}
