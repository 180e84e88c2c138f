using System.Numerics;

namespace Doppel.RiscV.Isa.Assembly;

/// <summary>What <c>li</c> stands for: a constant by lui, addi and shifts.</summary>
internal static class ConstantLoad
{
    public static IEnumerable<Instruction> Sequence(byte rd, long value)
    {
        int low = (int)(value << 52 >> 52);
        if (value == low)
        {
            yield return new(Op.Addi, rd, 0, 0, 0, 0, 4, low);
            yield break;
        }

        if (value == (int)value)
        {
            // addiw wraps around to 32 bits: 0x7fffffff is lui 0x80000 and addiw -1.
            yield return new(Op.Lui, rd, 0, 0, 0, 0, 4, (int)(value - low));
            if (low != 0) yield return new(Op.Addiw, rd, rd, 0, 0, 0, 4, low);
            yield break;
        }

        long rest = unchecked(value - low) >> 12;
        int shift = 12 + BitOperations.TrailingZeroCount(rest);
        rest >>= shift - 12;
        foreach (Instruction instruction in Sequence(rd, rest)) yield return instruction;
        yield return new(Op.Slli, rd, rd, 0, 0, 0, 4, shift);
        if (low != 0) yield return new(Op.Addi, rd, rd, 0, 0, 0, 4, low);
    }
}
