using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Pairs: a load that goes to and fro between two pages that follow each other, as in a table that lies across the end of one, remembers both. Which one it is shows in the address, so
/// that no jump depends on it. The addend waits for a comparison and a choice; that of the TLB would wait for two operations and a load.
/// </summary>
public sealed partial class X64Backend
{
    private int _pairs;

    /// <summary>Of the load that is being compiled, if it has no site.</summary>
    private bool HasPair => _region.KeepsView && _grouping && HasPresent(_region.WithPairs) && !HasPresent(_region.WithoutSites);

    private Mem LookIntoPair(ref ColdCode access, int sizeLog, out Gpr tag)
    {
        (Gpr @base, int offset) = (access.Base, access.Offset);
        tag = TakeGpr();
        int slot = FrameSlot.Pairs + 4 * _pairs;
        _pairs = (_pairs + 1) % FrameSlot.PairCount;
        WriteAddressTo(tag, @base, offset);
        _asm.Alu(AluOp.Or, OperandSize.Qword, tag, X64Stubs.TagBits(sizeLog));

        // Nothing is left of the tag of the first page, and one bit of the other's.
        _asm.Alu(AluOp.Sub, OperandSize.Qword, tag, _homes.Frame(slot));
        _asm.Alu(AluOp.And, OperandSize.Qword, tag, ~PageSize);
        access.Jump = _asm.JccLong(Cc.NotEqual);

        // A tag is as high as the last address in its page, or higher.
        if (offset != 0) _asm.Lea(tag, @base, offset);
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, offset != 0 ? tag : @base, _homes.Frame(slot));
        _asm.Mov(OperandSize.Qword, tag, _homes.Frame(slot + 1));
        _asm.Cmovcc(Cc.Above, OperandSize.Qword, tag, _homes.Frame(slot + 2));
        access.Site = new SiteAccess(slot, sizeLog, tag, _asm.Position);
        return new Mem(@base, tag, 1, offset);
    }
}
