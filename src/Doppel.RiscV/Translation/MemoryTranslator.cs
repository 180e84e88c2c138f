// RV64I 2.1: RISC-V Unprivileged ISA, chapters rv32 and rv64, "Load and Store Instructions".
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Integer loads and stores. One to x0 still loads, because it may trap.</summary>
internal static class MemoryTranslator
{
    public static bool Translate(in Instruction i, Emission e)
    {
        IrType type = i.Op switch
        {
            Op.Lb or Op.Sb => IrType.S8,
            Op.Lh or Op.Sh => IrType.S16,
            Op.Lw or Op.Sw => IrType.S32,
            Op.Lbu => IrType.U8,
            Op.Lhu => IrType.U16,
            Op.Lwu => IrType.U32,
            _ => IrType.I64,
        };
        if (i.Op >= Op.Sb) Store(i, e, type);
        else Load(i, e, type);
        return true;
    }

    public static void Load(in Instruction i, Emission e, IrType type) =>
        e.Region.Emit(IrOpcode.Load, type, e.Write(i.Rd), e.Read(i.Rs1), c: e.Constant(i.Imm));

    public static void Store(in Instruction i, Emission e, IrType type) =>
        e.Region.Emit(IrOpcode.Store, type, a: e.Read(i.Rs1), b: e.Read(i.Rs2), c: e.Constant(i.Imm));
}
