using System.Numerics;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Jumps within the region, and the ways out of it.</summary>
public sealed partial class X64Backend
{
    private const int PageSize = 4096;

    /// <summary>Where in a guard the displacement into the table of present pages is.</summary>
    private const int GuardOffset = 3;

    /// <summary>Entries of the jump cache have 16 bytes: bits 1 and up of an address, moved to bit 4.</summary>
    private const int JumpIndexShift = 3;
    private const int JumpIndexMask = (X64Target.JumpCacheEntries - 1) << 4;

    private LinkSite[] _links = new LinkSite[16];
    private int _linkCount;
    private EntrySite[] _entries = new EntrySite[64];
    private int _firstLink;

    /// <summary>Looks for attention are all the same; ways to unknown addresses by the registers of address, index and table.</summary>
    private CodeTemplate? _look;
    private CodeTemplate? _guard;
    private readonly CodeTemplate?[] _gotos = new CodeTemplate?[1 << 8];

    private static Label LabelOf(IrOperand label) => new(label.Payload);

    private IrOperand PcSlot => IrOperand.Slot(_target.FrontEnd.PcSlot);

    private void PlaceLabel(in IrOp op)
    {
        ReleaseCopies();
        _asm.Bind(LabelOf(op.C));
        ForgetFlags();
        ForgetTemps();
    }

    /// <summary>Where the labels are that others may come to; a pass may have removed some.</summary>
    private ReadOnlySpan<EntrySite> FindEntries()
    {
        int count = 0;
        if (_entries.Length < _region.Entries.Length) _entries = new EntrySite[2 * _region.Entries.Length];
        foreach ((IrOperand label, int distance) in _region.Entries)
        {
            if (_asm.IsBound(LabelOf(label))) _entries[count++] = new EntrySite(distance, _asm.PositionOf(LabelOf(label)));
        }

        return _entries.AsSpan(0, count);
    }

    private void Jump(in IrOp op)
    {
        _asm.Jmp(LabelOf(op.C));
        _copies = 0;
    }

    private void Branch(in IrOp op)
    {
        Cc condition = Compare(op.Condition, op.A, op.B);
        _asm.Jcc(condition, LabelOf(op.C));
    }

    private void Goto(in IrOp op)
    {
        long distance = _region.ValueOf(op.A);
        ForgetTemps();
        _copies = 0;
        Label cold = _asm.NewLabel();
        int guard = -1;
        if (distance is < 0 or >= PageSize)
        {
            // The page may not be mapped as it was, or not at all: the guard knows.
            Gpr page = Gpr.Rax, table = Gpr.Rcx;
            Fetch(page, PcSlot);
            long pages = distance & PageMask;
            if (pages == (int)pages)
            {
                _asm.Alu(AluOp.Add, OperandSize.Qword, page, (int)pages);
            }
            else
            {
                _asm.MovConstant(table, pages);
                _asm.Alu(AluOp.Add, OperandSize.Qword, page, table);
            }

            _asm.Mov(OperandSize.Qword, table, _homes.Frame(FrameSlot.PresentPages));
            AlignField(GuardOffset);
            guard = _asm.Position + GuardOffset;
            _asm.Lead(_guard is not null ? _asm.Repeat(_guard) : WriteGuard(page, table), cold);
        }

        AlignField(1);
        int jump = _asm.JmpLong();
        if (guard >= 0 && !_target.SingleProcessor)
        {
            // Another processor may see the guard of a new link before its jump: the way is the same then, but the page is entered already.
            ref ColdCode lookup = ref AddCold(CallbackKind.Lookup, jump);
            lookup.Offset = (int)(distance & ~PageMask);
            lookup.IsInPage = true;
        }
        else
        {
            _asm.Lead(jump, cold);
        }

        if (_linkCount == _links.Length) Array.Resize(ref _links, 2 * _linkCount);
        ref ColdCode link = ref AddCold(CallbackKind.Link, jump);
        link.Entry = cold;
        link.Offset = _linkCount;
        _links[_linkCount++] = new LinkSite(distance, jump, guard, 0);
        _copies = 0;
    }

    /// <summary>
    /// Enters a page if the table says that it is there; returns where the displacement of the jump is that is taken if not. The offset in the table is to be known later. It is
    /// always the same code, and copied from now on.
    /// </summary>
    private int WriteGuard(Gpr page, Gpr table)
    {
        int start = _asm.Position;
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, page, new Mem(table, int.MaxValue));
        _asm.Patch(start + GuardOffset, 0);
        int miss = _asm.JccLong(Cc.NotEqual);
        Finish(PcSlot, page);
        _guard = _asm.CodeFrom(start, miss);
        return miss;
    }

    /// <summary>Does nothing, in as few bytes as it takes for a field of four bytes to lie in an aligned quadword, if it is so far behind the next instruction's beginning.</summary>
    private void AlignField(int offset)
    {
        int start = _asm.Position + offset & 7;
        if (start > 4) _asm.Nop(8 - start);
    }

    private void GotoIndirect(in IrOp op)
    {
        Gpr address = Use(op.A);
        Gpr index = TakeGpr(), table = TakeGpr();

        // This many bytes are worth being put together only once for each choice of registers.
        ref CodeTemplate? template = ref _gotos[(int)address << 4 | (int)index << 2 | (int)table];
        int miss;
        if (template is not null)
        {
            miss = _asm.Repeat(template);
        }
        else
        {
            int start = _asm.Position;
            miss = WriteGoto(address, index, table);
            template = _asm.CodeFrom(start, miss);
        }

        AddCold(CallbackKind.Lookup, miss).Base = address;
        ForgetTemps();
        _copies = 0;
    }

    /// <summary>Goes to an address by the jump cache; returns where the displacement of the jump is that is taken if it is not there.</summary>
    private int WriteGoto(Gpr address, Gpr index, Gpr table)
    {
        if (_hasBmi2)
        {
            _asm.Rorx(OperandSize.Dword, index, address, X64Target.JumpCacheFold);
        }
        else
        {
            _asm.Mov(OperandSize.Dword, index, address);
            _asm.Shift(ShiftOp.Shr, OperandSize.Dword, index, X64Target.JumpCacheFold);
        }

        _asm.Alu(AluOp.Xor, OperandSize.Dword, index, address);
        _asm.Shift(ShiftOp.Shl, OperandSize.Dword, index, JumpIndexShift);
        _asm.Alu(AluOp.And, OperandSize.Dword, index, JumpIndexMask);
        _asm.Mov(OperandSize.Qword, table, _homes.Frame(FrameSlot.JumpCache));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, address, new Mem(table, index));
        int miss = _asm.JccLong(Cc.NotEqual);
        Gpr page = address;
        if ((1u << (int)address & ScratchGprs) == 0)
        {
            // The third scratch register is free, and holds nothing that is still wanted.
            page = (Gpr)BitOperations.TrailingZeroCount(ScratchGprs & ~(1u << (int)index | 1u << (int)table));
            _asm.Mov(OperandSize.Qword, page, address);
        }

        _asm.Alu(AluOp.And, OperandSize.Qword, page, PageMask);
        Finish(PcSlot, page);
        _asm.Jmp(new Mem(table, index, 1, 8));
        return miss;
    }

    private void CheckAttention(in IrOp op)
    {
        int jump;
        if (_look is not null)
        {
            jump = _asm.Repeat(_look);
        }
        else
        {
            int start = _asm.Position;
            CompareAttention();
            jump = _asm.JccLong(Cc.Below);
            _look = _asm.CodeFrom(start, jump);
        }

        AddCold(CallbackKind.Attention, jump, (int)_region.ValueOf(op.A), unexecuted: 0);
    }

    /// <summary>
    /// Of the slot the sign counts, and rbp, an address, has none, so that it is below what wants attention: such a comparison is one operation for the host together with its jump, one with
    /// a constant in memory is two.
    /// </summary>
    private void CompareAttention() => _asm.Alu(AluOp.Cmp, OperandSize.Qword, Gpr.Rbp, (Rm)_homes.Frame(FrameSlot.Attention));

    private void JumpUnlessAttention(in IrOp op)
    {
        CompareAttention();
        _asm.Jcc(Cc.AboveOrEqual, LabelOf(op.C));
    }

    /// <summary>What depends on the context is copied from its entry of the table to where generated code looks for it.</summary>
    private void SelectContext(in IrOp op)
    {
        const int EntryShift = 6, IndexMask = (X64Target.ContextEntries - 1) << EntryShift;
        SpillAll();
        Gpr number = Use(op.A), entry = TakeGpr(), value = TakeGpr();
        _asm.Imul(OperandSize.Dword, value, number, unchecked((int)X64Target.ContextFactor));
        _asm.Shift(ShiftOp.Shr, OperandSize.Dword, value, X64Target.ContextShift - EntryShift);
        _asm.Alu(AluOp.And, OperandSize.Dword, value, IndexMask);
        _asm.Mov(OperandSize.Qword, entry, _homes.Frame(FrameSlot.Contexts));
        _asm.Alu(AluOp.Add, OperandSize.Qword, entry, value);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, number, new Mem(entry, 0));
        int miss = _asm.JccLong(Cc.NotEqual);
        _asm.Mov(OperandSize.Qword, (Rm)_homes.Frame(FrameSlot.Context), number);
        ReadOnlySpan<int> tables = [FrameSlot.ReadTlb, FrameSlot.WriteTlb, FrameSlot.JumpCache, FrameSlot.PresentPages];
        for (int i = 0; i < tables.Length; i++)
        {
            _asm.Mov(OperandSize.Qword, value, new Mem(entry, sizeof(ulong) * (i + 1)));
            _asm.Mov(OperandSize.Qword, (Rm)_homes.Frame(tables[i]), value);
        }

        ref ColdCode context = ref AddCold(CallbackKind.Context, miss);
        context.Back = _asm.Position;
        context.Base = number;
        _copies = 0;
    }

    private void RequirePage(in IrOp op)
    {
        SpillAll();
        Gpr page = TakeGpr(), table = TakeGpr();
        Fetch(page, PcSlot);
        _asm.Alu(AluOp.Add, OperandSize.Qword, page, (int)_region.ValueOf(op.A));
        _asm.Mov(OperandSize.Qword, table, _homes.Frame(FrameSlot.PresentPages));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, page, new Mem(table, sizeof(ulong) * (int)_region.ValueOf(op.B)));
        AddCold(CallbackKind.StepLast, _asm.JccLong(Cc.NotEqual), _distance, Unexecuted);
    }

    private void Step(in IrOp op)
    {
        SpillAll();
        int unexecuted = Unexecuted;
        ChangeBudget(AluOp.Add, unexecuted);
        Call(CallbackKind.Step, (int)_region.ValueOf(op.A));

        // The step itself is counted by who makes it.
        if (unexecuted > 0) ChangeBudget(AluOp.Sub, unexecuted - 1);
    }

    private void StepLast(in IrOp op)
    {
        ChangeBudget(AluOp.Add, Unexecuted);
        Follow(CallbackKind.StepLast, (int)_region.ValueOf(op.A));
    }
}
