// RV64I 2.1: RISC-V Unprivileged ISA, chapters rv32 and rv64, "Load and Store Instructions".
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Integer loads and stores. One to x0 still loads, because it may trap.</summary>
internal static class MemoryTranslator
{
    // From lb to sd. A table, as nobody can predict which one comes.
    private static ReadOnlySpan<IrType> Types =>
    [
        IrType.S8, IrType.S16, IrType.S32, IrType.I64, IrType.U8, IrType.U16, IrType.U32,
        IrType.S8, IrType.S16, IrType.S32, IrType.I64,
    ];

    public static bool Translate(in Instruction i, Emission e)
    {
        IrType type = Types[i.Op - Op.Lb];
        if (i.Op >= Op.Sb) Store(i, e, type);
        else Load(i, e, type);
        return true;
    }

    public static void Load(in Instruction i, Emission e, IrType type) =>
        e.Region.Emit(IrOpcode.Load, type, e.Write(i.Rd), e.Read(i.Rs1), c: e.Constant(i.Imm));

    public static void Store(in Instruction i, Emission e, IrType type) =>
        e.Region.Emit(IrOpcode.Store, type, a: e.Read(i.Rs1), b: e.Read(i.Rs2), c: e.Constant(i.Imm));
}
