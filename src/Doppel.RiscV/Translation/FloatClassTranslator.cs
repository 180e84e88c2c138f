// F, D 2.2: RISC-V Unprivileged ISA, "Floating-Point Classify Instruction" of the chapters f-st-ext and d-st-ext.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>fclass: which kind of number it is, as integer arithmetic on its bits.</summary>
internal static class FloatClassTranslator
{
    /// <summary>Numbers of classes: of +0, of a signalling NaN. Behind +0 come positive subnormal and normal numbers and infinity; before it, in the other direction, −0 and so on.</summary>
    private const int PositiveZero = 4, SignallingNaN = 8;

    /// <summary>What turns the number of a positive class into that of its negative.</summary>
    private const int Mirror = 7;

    /// <param name="value">The register, boxed if the type is <see cref="IrType.F32"/>.</param>
    public static void Translate(in Instruction i, Emission e, IrOperand value, IrType type)
    {
        bool narrow = type == IrType.F32;
        long infinity = narrow ? 0x7f80_0000 : 0x7ff0_0000_0000_0000;
        int fraction = narrow ? 23 : 52;

        // The sign is bit 63 of both.
        IrOperand bits = e.Compute(IrOpcode.Mov, value, type: narrow ? IrType.S32 : IrType.I64);
        IrOperand magnitude = e.Compute(IrOpcode.And, bits, e.Constant(narrow ? int.MaxValue : long.MaxValue));
        IrOperand small = e.Compute(IrOpcode.Add, AtLeast(e, magnitude, 1), AtLeast(e, magnitude, 1L << fraction));
        IrOperand positive = e.Compute(IrOpcode.Add, e.Compute(IrOpcode.Add, small, AtLeast(e, magnitude, infinity)), e.Constant(PositiveZero));
        IrOperand sign = e.Compute(IrOpcode.And, e.Compute(IrOpcode.Sar, bits, e.Constant(63)), e.Constant(Mirror));
        IrOperand number = e.Compute(IrOpcode.Xor, positive, sign);
        IrOperand quiet = e.Compute(IrOpcode.BitTest, bits, e.Constant(fraction - 1));
        IrOperand nan = e.Compute(IrOpcode.Add, quiet, e.Constant(SignallingNaN));
        IrOperand index = e.Region.NewTemp();
        e.Region.Emit(IrOpcode.Select, d: index, a: AtLeast(e, magnitude, infinity + 1), b: nan, c: number);
        e.Emit(IrOpcode.Shl, e.Write(i.Rd), e.Constant(1), index);
    }

    /// <summary>1 if a number without a sign is not less than a constant, else 0.</summary>
    private static IrOperand AtLeast(Emission e, IrOperand value, long least)
    {
        IrOperand result = e.Region.NewTemp();
        e.Region.Emit(IrOpcode.Set, d: result, a: value, b: e.Constant(least), detail: (byte)IrCondition.GreaterOrEqualUnsigned);
        return result;
    }
}
