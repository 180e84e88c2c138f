// RV64I 2.1, chapter rv32, "Memory Ordering Instructions"; Zicbop 1.0.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Ordering and hints.</summary>
internal static class SystemTranslator
{
    public static bool TryTranslate(in Instruction i, Emission e)
    {
        switch (i.Op)
        {
            case Op.Fence:
                if (OrdersStoresBeforeLoads(i.Imm)) e.Region.Emit(IrOpcode.Fence);
                return true;
            case Op.CboZero when e.Mode.MayZeroBlocks:
                e.Region.Emit(IrOpcode.ZeroBlock, a: e.Read(i.Rs1));
                return true;
            case Op.PrefetchI or Op.PrefetchR or Op.PrefetchW:
                return true;
            default:
                return false;
        }
    }

    /// <summary>The one order that the host does not keep by itself. fm, predecessors and successors have four bits each: i, o, r, w.</summary>
    private static bool OrdersStoresBeforeLoads(int imm)
    {
        const int ReadOrInput = 0b1010, WriteOrOutput = 0b0101, Tso = 0b1000, ReadWrite = 0b0011;
        int mode = imm >> 8 & 0xf, before = imm >> 4 & 0xf, after = imm & 0xf;
        if (mode == Tso && before == ReadWrite && after == ReadWrite) return false;
        return (before & WriteOrOutput) != 0 && (after & ReadOrInput) != 0;
    }
}
