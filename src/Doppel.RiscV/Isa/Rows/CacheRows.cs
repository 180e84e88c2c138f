// Zicbom, Zicboz, Zicbop 1.0: RISC-V Unprivileged ISA, chapter cmo.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Cache-block management, zeroing and prefetch.</summary>
internal static class CacheRows
{
    private const string Management = "cmo: Cache-Block Management Instructions";
    private const string Zero = "cmo: Cache-Block Zero Instructions";
    private const string Prefetch = "cmo: Cache-Block Prefetch Instructions";

    public static readonly InstructionRow[] All =
    [
        new(Op.CboInval, "cbo.inval", "000000000000 sssss 010 00000 0001111", Format.Block, Extension.Zicbom, Management),
        new(Op.CboClean, "cbo.clean", "000000000001 sssss 010 00000 0001111", Format.Block, Extension.Zicbom, Management),
        new(Op.CboFlush, "cbo.flush", "000000000010 sssss 010 00000 0001111", Format.Block, Extension.Zicbom, Management),

        new(Op.CboZero, "cbo.zero", "000000000100 sssss 010 00000 0001111", Format.Block, Extension.Zicboz, Zero),

        new(Op.PrefetchI, "prefetch.i", "iiiiiii 00000 sssss 110 00000 0010011", Format.Prefetch, Extension.Zicbop, Prefetch),
        new(Op.PrefetchR, "prefetch.r", "iiiiiii 00001 sssss 110 00000 0010011", Format.Prefetch, Extension.Zicbop, Prefetch),
        new(Op.PrefetchW, "prefetch.w", "iiiiiii 00011 sssss 110 00000 0010011", Format.Prefetch, Extension.Zicbop, Prefetch),
    ];
}
