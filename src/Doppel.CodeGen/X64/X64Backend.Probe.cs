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

    /// <summary>By <see cref="LookNumber"/>: the code, at whose end is the displacement of the jump; null as long as nobody wanted it.</summary>
    private readonly byte[]?[] _looks = new byte[]?[1 << 10];

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
            _asm.Lea(OperandSize.Qword, tag, new Mem(@base, offset));
        }

        Mem entry = Look(tag, index, hasIndex, sizeLog, writes, out miss);
        _asm.Mov(OperandSize.Qword, index, entry.Plus(8));
        return new Mem(@base, index, 1, offset);
    }

    /// <summary>Jumps unless the page of an address is in the TLB; returns its entry there.</summary>
    /// <param name="tag">A scratch register with the address, which becomes its tag.</param>
    /// <param name="index">Another one, for the offset of the entry; it is part of the operand that is returned.</param>
    /// <param name="hasIndex">Whether the offset is in it already.</param>
    /// <param name="sizeLog">Log₂ of the size of the access: a misaligned one is not found.</param>
    /// <param name="miss">Where the displacement of the jump is.</param>
    private Mem Look(Gpr tag, Gpr index, bool hasIndex, int sizeLog, bool writes, out int miss)
    {
        // With the third scratch register, if it is free, one instruction need not wait for the other.
        bool hasTable = HasFreeGpr;
        Gpr table = hasTable ? TakeGpr() : default;
        Mem entry = hasTable ? new Mem(table, index) : new Mem(index);
        ref byte[]? look = ref _looks[LookNumber(tag, index, hasIndex, hasTable, sizeLog, writes)];
        if (look is not null)
        {
            miss = _asm.Repeat(look);
            return entry;
        }

        int start = _asm.Position;
        if (!hasIndex) LoadIndex(index, tag);
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, PageMask | ((1 << sizeLog) - 1));
        Mem tlb = _homes.Frame(writes ? FrameSlot.WriteTlb : FrameSlot.ReadTlb);
        if (hasTable) _asm.Mov(OperandSize.Qword, table, tlb);
        else _asm.Alu(AluOp.Add, OperandSize.Qword, index, tlb);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, entry);
        miss = _asm.JccLong(Cc.NotEqual);
        look = _asm.CodeFrom(start);
        return entry;
    }

    /// <summary>All that the code of a look depends on; the third scratch register is known by the other two.</summary>
    private static int LookNumber(Gpr tag, Gpr index, bool hasIndex, bool hasTable, int sizeLog, bool writes) =>
        (int)tag << 8 | (int)index << 6 | sizeLog << 3 | (hasIndex ? 4 : 0) | (hasTable ? 2 : 0) | (writes ? 1 : 0);

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
