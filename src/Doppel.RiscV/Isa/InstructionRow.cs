namespace Doppel.RiscV.Isa;

/// <summary>One row of the instruction table: all that decoder, encoder, disassembler, assembler, generator and reports know of an instruction.</summary>
/// <remarks>
/// A pattern has 32 or 16 bits, most significant first; spaces are for the eye. <c>0</c> and <c>1</c> are fixed; <c>d s t u</c> are the integer registers
/// rd, rs1, rs2, rs3, <c>D S T U</c> the floating-point ones; <c>b</c> is one integer register that is rd and rs1; <c>z</c> is a number in the rs1 field;
/// <c>m</c> the rounding mode or aq and rl; <c>i</c> the immediate by the format's layout; <c>-</c> is ignored. A register field of three bits counts from x8 or f8.
/// Where several rows match a word, the one with the most fixed bits counts; reserved encodings inside of another row's pattern are rows of <see cref="Op.Illegal"/>.
/// </remarks>
public sealed class InstructionRow
{
    /// <param name="op">The operation; of a compressed instruction, what it expands to.</param>
    /// <param name="mnemonic">The specification's name.</param>
    /// <param name="pattern">The encoding, see remarks of the class.</param>
    /// <param name="format">Operand syntax and immediate layout.</param>
    /// <param name="extension">The extension that has the instruction.</param>
    /// <param name="section">Where the specification describes it: chapter, heading.</param>
    public InstructionRow(Op op, string mnemonic, string pattern, Format format, Extension extension, string section)
    {
        Op = op;
        Mnemonic = mnemonic;
        Pattern = pattern;
        Format = format;
        Extension = extension;
        Section = section;
        string bits = pattern.Replace(" ", "", StringComparison.Ordinal);
        Length = bits.Length / 8;
        if (bits.Length is not (16 or 32)) throw new ArgumentException($"{mnemonic}: a pattern has 16 or 32 bits, this one {bits.Length}.");

        var immediate = new List<int>();
        for (int i = 0; i < bits.Length; i++)
        {
            int bit = bits.Length - 1 - i;
            switch (bits[i])
            {
                case '0': Mask |= 1u << bit; break;
                case '1': Mask |= 1u << bit; Match |= 1u << bit; break;
                case 'd': Rd = Rd.Extend(bit, OperandKind.X); break;
                case 'D': Rd = Rd.Extend(bit, OperandKind.F); break;
                case 's': Rs1 = Rs1.Extend(bit, OperandKind.X); break;
                case 'S': Rs1 = Rs1.Extend(bit, OperandKind.F); break;
                case 'z': Rs1 = Rs1.Extend(bit, OperandKind.Number); break;
                case 't': Rs2 = Rs2.Extend(bit, OperandKind.X); break;
                case 'T': Rs2 = Rs2.Extend(bit, OperandKind.F); break;
                case 'U': Rs3 = Rs3.Extend(bit, OperandKind.F); break;
                case 'b': Rd = Rd.Extend(bit, OperandKind.X); Rs1 = Rs1.Extend(bit, OperandKind.X); break;
                case 'm': Rm = Rm.Extend(bit, OperandKind.Number); break;
                case 'i': immediate.Add(bit); break;
                case '-': break;
                default: throw new ArgumentException($"{mnemonic}: '{bits[i]}' means nothing in a pattern.");
            }
        }

        if (immediate.Count != format.Immediate.Bits.Count) throw new ArgumentException($"{mnemonic}: {immediate.Count} immediate bits, but format {format.Name} has {format.Immediate.Bits.Count}.");
        Immediate = ImmediateSegment.Of([.. immediate], format.Immediate.Bits);
    }

    public Op Op { get; }

    public string Mnemonic { get; }

    public string Pattern { get; }

    public Format Format { get; }

    public Extension Extension { get; }

    public string Section { get; }

    /// <summary>An extension that has the instruction too.</summary>
    public Extension? Or { get; init; }

    /// <summary>An extension that is needed besides.</summary>
    public Extension? And { get; init; }

    /// <summary>rd where the encoding of a compressed instruction does not hold it.</summary>
    public byte ImpliedRd { get; init; }

    /// <summary>rs1 where the encoding of a compressed instruction does not hold it.</summary>
    public byte ImpliedRs1 { get; init; }

    /// <summary>The immediate where the encoding of a compressed instruction does not hold it.</summary>
    public int ImpliedImmediate { get; init; }

    /// <summary>Bytes: 2 or 4.</summary>
    public int Length { get; }

    /// <summary>The fixed bits.</summary>
    public uint Mask { get; }

    /// <summary>The values of the fixed bits.</summary>
    public uint Match { get; }

    public RegisterField Rd { get; }

    public RegisterField Rs1 { get; }

    public RegisterField Rs2 { get; }

    public RegisterField Rs3 { get; }

    /// <summary>Rounding mode (three bits), or aq and rl (two bits).</summary>
    public RegisterField Rm { get; }

    public bool IsCompressed => Length == 2;

    public bool HasImmediate => Immediate.Length > 0;

    /// <summary>Has a rounding mode.</summary>
    public bool IsRounded => Rm.Width == 3;

    /// <summary>Has the aq and rl bits.</summary>
    public bool IsOrdered => Rm.Width == 2;

    internal ImmediateSegment[] Immediate { get; }

    /// <summary>Whether a hart with these extensions has the instruction.</summary>
    public bool IsIn(ExtensionSet extensions) =>
        (extensions.Contains(Extension) || (Or is { } or && extensions.Contains(or))) && (And is not { } and || extensions.Contains(and));

    /// <summary>Whether the word is an encoding of this row (a more specific row may still take it away).</summary>
    public bool Matches(uint word) => (word & Mask) == Match;

    public override string ToString() => Mnemonic;
}
