namespace Doppel.RiscV.Isa;

/// <summary>The reverse of <see cref="Decoder"/>: operands into the bits of a row.</summary>
public static class Encoder
{
    /// <summary>The four-byte encoding of an instruction, whatever its <see cref="Instruction.Length"/>.</summary>
    /// <exception cref="ArgumentException">An operand does not fit.</exception>
    public static uint Encode(in Instruction instruction)
    {
        InstructionRow row = InstructionTable.Of(instruction.Op);
        return TryEncode(row, instruction, out uint word)
            ? word
            : throw new ArgumentException($"{row.Mnemonic}: an operand does not fit: {instruction}", nameof(instruction));
    }

    /// <summary>Encodes by one row, which may be a compressed one. Ignored bits become zero.</summary>
    /// <returns>False if the row cannot express the operands.</returns>
    public static bool TryEncode(InstructionRow row, in Instruction instruction, out uint word)
    {
        word = 0;
        if (row.Op != instruction.Op) return false;
        if (row.Rd.Exists && row.Rd.Shift == row.Rs1.Shift && row.Rs1.Exists && instruction.Rd != instruction.Rs1) return false;
        bool fits = Place(row.Rd, instruction.Rd, row.ImpliedRd, ref word)
            && Place(row.Rs1, instruction.Rs1, row.ImpliedRs1, ref word)
            && Place(row.Rs2, instruction.Rs2, 0, ref word)
            && Place(row.Rs3, instruction.Rs3, 0, ref word)
            && (!row.Rm.Exists || Place(row.Rm, instruction.Rm, 0, ref word));
        if (!fits) return false;
        if (row.HasImmediate)
        {
            if (!row.Format.Immediate.Fits(instruction.Imm)) return false;
            foreach (ImmediateSegment segment in row.Immediate) word |= ((uint)(instruction.Imm >> segment.To) & segment.Mask) << segment.From;
        }
        else if (instruction.Imm != row.ImpliedImmediate)
        {
            return false;
        }

        word |= row.Match;
        return true;
    }

    private static bool Place(RegisterField field, byte value, byte implied, ref uint word)
    {
        if (!field.Exists) return value == implied;
        if (!field.Fits(value)) return false;
        word |= field.Insert(value);
        return true;
    }
}
