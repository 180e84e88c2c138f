using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Looks into a TLB, which are a good part of all code. They differ in little but their registers: each kind is put together instruction by instruction when it is wanted
/// first, and copied from then on.
/// </summary>
public sealed partial class X64Backend
{
    private const int PageMask = ~4095;

    /// <summary>Entries have 16 bytes: bits 12 and up of an address, moved to bit 4.</summary>
    internal const int IndexShift = 8;
    internal const int IndexMask = (X64Target.TlbEntries - 1) << 4;

    /// <summary>By <see cref="LookNumber"/>: the code; null as long as nobody wanted it.</summary>
    private readonly CodeTemplate?[] _looks = new CodeTemplate?[1 << 12];

    /// <summary>
    /// Finds the host's memory behind base + offset, or jumps. Of the registers, which nobody else has, the one called free may be used up once the host's address is not
    /// needed, or even for the loaded value itself; it is not part of the address if another one was to be had.
    /// </summary>
    /// <param name="miss">Where the displacement of the jump is.</param>
    private Mem Probe(Gpr @base, int offset, int sizeLog, bool writes, out Gpr free, out int miss)
    {
        Gpr tag = TakeGpr(), index = TakeGpr();
        free = tag;
        bool hasIndex = offset == 0;
        if (hasIndex)
        {
            LoadIndex(index, @base);
            _asm.Mov(OperandSize.Qword, tag, @base);
        }
        else
        {
            _asm.Lea(tag, @base, offset);
        }

        bool hasTable = TakeTable(out Mem entry, index);
        LookParts parts = LookParts.Jump | LookParts.Addend | (hasIndex ? 0 : LookParts.Index) | (hasTable ? LookParts.Table : 0) | (writes ? LookParts.Writes : 0);
        miss = Look(tag, index, entry, parts, sizeLog);
        return new Mem(@base, index, 1, offset);
    }

    /// <summary>With the third scratch register for the table's address, if it is free, one instruction of a look need not wait for the other.</summary>
    /// <param name="entry">The entry whose offset is in a register, by the table's register or with its address added to the offset.</param>
    private bool TakeTable(out Mem entry, Gpr index)
    {
        bool isFree = HasFreeGpr;
        entry = isFree ? new Mem(TakeGpr(), index) : new Mem(index);
        return isFree;
    }

    /// <summary>Jumps unless the page of an address is in the TLB; returns where the displacement of the jump is.</summary>
    /// <param name="tag">A scratch register with the address, which becomes its tag.</param>
    /// <param name="index">Another one, for the offset of the entry.</param>
    /// <param name="entry">See <see cref="TakeTable"/>.</param>
    /// <param name="sizeLog">Log₂ of the size of the access: a misaligned one is not found.</param>
    private int Look(Gpr tag, Gpr index, Mem entry, LookParts parts, int sizeLog)
    {
        ref CodeTemplate? look = ref _looks[LookNumber(tag, index, parts, sizeLog)];
        if (look is not null) return _asm.Repeat(look);

        int start = _asm.Position;
        if ((parts & LookParts.Index) != 0) LoadIndex(index, tag);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, PageMask | ((1 << sizeLog) - 1));
        Mem tlb = _homes.Frame((parts & LookParts.Writes) != 0 ? FrameSlot.WriteTlb : FrameSlot.ReadTlb);
        if ((parts & LookParts.Again) == 0)
        {
            if ((parts & LookParts.Table) != 0) _asm.Mov(OperandSize.Qword, (Gpr)(entry.Bits & 15), tlb);
            else _asm.Alu(AluOp.Add, OperandSize.Qword, index, tlb);
        }

        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, entry);
        int miss = _asm.JccLong(Cc.NotEqual);
        if ((parts & LookParts.Addend) != 0) _asm.Mov(OperandSize.Qword, index, entry.Plus(8));
        look = _asm.CodeFrom(start, miss);
        return miss;
    }

    /// <summary>All that the code of a look depends on; the third scratch register is known by the other two.</summary>
    private static int LookNumber(Gpr tag, Gpr index, LookParts parts, int sizeLog) => (int)parts << 7 | (int)tag << 5 | (int)index << 3 | sizeLog;

    /// <summary>What there is to a look beside its tag's comparison and the jump.</summary>
    [Flags]
    private enum LookParts
    {
        Jump = 0,

        /// <summary>Before them, the offset of the entry is computed.</summary>
        Index = 1,

        /// <summary>The table's address has a register of its own.</summary>
        Table = 2,

        /// <summary>Behind them, the register with the offset gets the entry's addend.</summary>
        Addend = 4,

        /// <summary>It is the TLB of pages that may be written.</summary>
        Writes = 8,

        /// <summary>Offset and table are there already, from a look at another address.</summary>
        Again = 16,
    }

    /// <summary>index = the offset of the address's entry in a TLB.</summary>
    private void LoadIndex(Gpr index, Gpr address)
    {
        if (_hasBmi2)
        {
            _asm.Rorx(OperandSize.Dword, index, address, IndexShift);
        }
        else
        {
            _asm.Mov(OperandSize.Dword, index, address);
            _asm.Shift(ShiftOp.Shr, OperandSize.Dword, index, IndexShift);
        }

        _asm.Alu(AluOp.And, OperandSize.Dword, index, IndexMask);
    }
}
