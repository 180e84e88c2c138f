using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>What an instruction touches in memory.</summary>
internal static class MemoryAccess
{
    /// <summary>Bytes; 64 for cache blocks; 0 for instructions that touch none. Prefetches are hints and touch none.</summary>
    public static int SizeOf(Op op) => op switch
    {
        Op.Lb or Op.Lbu or Op.Sb => 1,
        Op.Lh or Op.Lhu or Op.Sh or Op.Flh or Op.Fsh => 2,
        Op.Lw or Op.Lwu or Op.Sw or Op.Flw or Op.Fsw or Op.LrW or Op.ScW => 4,
        Op.Ld or Op.Sd or Op.Fld or Op.Fsd or Op.LrD or Op.ScD => 8,
        Op.CboClean or Op.CboFlush or Op.CboInval or Op.CboZero => 64,
        >= Op.AmoswapW and <= Op.AmomaxuW => 4,
        >= Op.AmoswapD and <= Op.AmomaxuD => 8,
        _ => 0,
    };
}
