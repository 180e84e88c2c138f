using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Sites: an access of code that keeps its view remembers the page that it found last, at an address that the instruction has built in, so that the addend's load need not
/// wait for the address. If it is another page, the TLB is asked, behind the region.
/// </summary>
/// <remarks>
/// The sites are the vCPU's own, since code is shared, and the engine empties them with the TLB. Numbers are given in turn, again and again: accesses may have to share a site, but a
/// tag says which size they have, and the number whether they write, so that none takes the other's page for what it is not.
/// </remarks>
public sealed partial class X64Backend
{
    /// <summary>The bits of an address within its page.</summary>
    private const int PageBits = 4095;

    private int _readSites;
    private int _writeSites;

    /// <summary>Of the access, or the row of them, that is being compiled.</summary>
    private bool HasSites => _region.KeepsView && _grouping && !HasPresent(_region.WithoutSites) && !HasPresent(_region.WithPairs);

    /// <summary>Whether the present guest instruction is one of these.</summary>
    private bool HasPresent(ReadOnlyMemory<ulong> instructions) => !instructions.IsEmpty && (instructions.Span[_distance >> 7] >> (_distance >> 1) & 1) != 0;

    /// <summary>The first slot of the next site.</summary>
    private int NextSite(bool writes)
    {
        ref int last = ref writes ? ref _writeSites : ref _readSites;
        int number = last;
        last = (last + 2) % FrameSlot.SiteCount;
        return FrameSlot.Sites + 2 * (writes ? number + 1 : number);
    }

    private Mem LookIntoSite(ref ColdCode access, int sizeLog, bool writes, out Gpr tag)
    {
        (Gpr @base, int offset) = (access.Base, access.Offset);
        tag = TakeGpr();
        int slot = NextSite(writes);
        WriteAddressTo(tag, @base, offset);
        access.Jump = CompareTag(tag, slot, sizeLog);
        _asm.Mov(OperandSize.Qword, tag, _homes.Frame(slot + 1));
        access.Site = new SiteAccess(slot, sizeLog, tag, _asm.Position);
        return new Mem(@base, tag, 1, offset);
    }

    /// <summary>The register has the address. Returns where the displacement of the jump is that is taken if the site has another page.</summary>
    private int CompareTag(Gpr tag, int slot, int sizeLog)
    {
        _asm.Alu(AluOp.Or, OperandSize.Qword, tag, X64Stubs.TagBits(sizeLog));
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, tag, _homes.Frame(slot));
        return _asm.JccLong(Cc.NotEqual);
    }

    /// <summary>The site's register has the address. Goes back if the page is in the TLB; else on, with all registers as they were.</summary>
    /// <param name="distance">Of the guest instruction, of the first one for a row of accesses.</param>
    private void FillSite(in SiteAccess site, int distance)
    {
        int user = site.IsPair ? distance + FrameSlot.RefillerPair : distance;
        _asm.Push(_homes.Frame(site.Slot).Displacement | user >> 1 << X64Stubs.SiteBits);
        AddStubCall(_asm.Call(), site.IsPair ? _stubs.FillPair(site.SizeLog, site.Tag) : _stubs.Fill(site.Writes, site.SizeLog, site.Tag));
        _asm.JccBack(Cc.Equal, site.Found);
    }
}
