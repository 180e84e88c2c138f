// A 2.1: Zalrsc and Zaamo.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// Load-reserved, store-conditional and atomic memory operations, one operation each. Those that store are full fences on the host, and its loads keep their
/// order, so that aq and rl ask for nothing but what a load with rl needs.
/// </summary>
internal static class AtomicTranslator
{
    private const byte Release = 1;

    public static bool Translate(in Instruction i, Emission e)
    {
        // rl: no earlier store may come after the load. A fence may be repeated, so that it does not matter if the interpreter executes the whole instruction then.
        if (i.Op is Op.LrW or Op.LrD && (i.Rm & Release) != 0) e.Region.Emit(IrOpcode.Fence);
        IrOpcode code = i.Op switch
        {
            Op.LrW or Op.LrD => IrOpcode.LoadReserved,
            Op.ScW or Op.ScD => IrOpcode.StoreConditional,
            Op.AmoswapW or Op.AmoswapD => IrOpcode.AtomicSwap,
            Op.AmoaddW or Op.AmoaddD => IrOpcode.AtomicAdd,
            Op.AmoxorW or Op.AmoxorD => IrOpcode.AtomicXor,
            Op.AmoandW or Op.AmoandD => IrOpcode.AtomicAnd,
            Op.AmoorW or Op.AmoorD => IrOpcode.AtomicOr,
            Op.AmominW or Op.AmominD => IrOpcode.AtomicMinS,
            Op.AmomaxW or Op.AmomaxD => IrOpcode.AtomicMaxS,
            Op.AmominuW or Op.AmominuD => IrOpcode.AtomicMinU,
            _ => IrOpcode.AtomicMaxU,
        };
        bool word = i.Op is Op.LrW or Op.ScW or (>= Op.AmoswapW and <= Op.AmomaxuW);
        IrOperand d = i.Rd == RiscVSlot.Sink ? IrOperand.None : IrOperand.Slot(i.Rd);
        IrOperand value = code == IrOpcode.LoadReserved ? IrOperand.None : e.Read(i.Rs2);
        e.Region.Emit(code, word ? IrType.S32 : IrType.I64, d, e.Read(i.Rs1), value);
        return true;
    }
}
