using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Sends an instruction that is not a jump or branch to the translator of its kind.</summary>
internal static class InstructionTranslator
{
    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryTranslate(in Instruction i, Emission e) => i.Op switch
    {
        >= Op.Lb and <= Op.Sd => MemoryTranslator.Translate(i, e),
        >= Op.Lui and <= Op.CzeroNez or >= Op.Clmul and <= Op.Brev8 => i.Rd == RiscVSlot.Sink || IntegerTranslator.TryTranslate(i, e),
        >= Op.LrW and <= Op.AmomaxuD => AtomicTranslator.Translate(i, e),
        >= Op.Flw and <= Op.Fsd or >= Op.FaddS and <= Op.FltqH => FloatTranslator.TryTranslate(i, e),
        >= Op.Csrrw and <= Op.Csrrci => CsrTranslator.TryTranslate(i, e),
        _ => SystemTranslator.TryTranslate(i, e),
    };
}
