using System.Globalization;
using System.Text;

namespace Doppel.RiscV.Isa;

/// <summary>Instructions as text, in the GNU assembler's syntax with ABI register names.</summary>
public static class Disassembler
{
    /// <summary>One instruction word (the lowest two bits decide its length), with the pseudo-instructions that people write.</summary>
    /// <param name="word">The instruction.</param>
    /// <param name="pc">Its address, for the targets of branches and jumps.</param>
    public static string Format(uint word, ulong pc) => Format(Decoder.Full.Decode(word), pc);

    /// <inheritdoc cref="Format(uint, ulong)"/>
    public static string Format(in Instruction instruction, ulong pc)
    {
        if (instruction.Op is Op.Illegal or Op.None) return Data(instruction);
        return PseudoInstructions.TryFormat(instruction, pc, out string? text) ? text : Write(InstructionTable.Of(instruction.Op), instruction, pc);
    }

    /// <summary>The word as its own row names it: no pseudo-instructions, compressed mnemonics for compressed instructions.</summary>
    public static string FormatExact(uint word, ulong pc)
    {
        InstructionRow? row = Decoder.Full.Find(word);
        if (row is null || row.Op == Op.Illegal) return Data(Decoder.Full.Decode(word));
        return Write(row, Decoder.Extract(row, word), pc);
    }

    /// <summary>A stretch of code, one entry per instruction.</summary>
    /// <param name="code">The bytes; what is too short at the end is left out.</param>
    /// <param name="address">The address of the first byte.</param>
    public static IEnumerable<DisassembledLine> List(ReadOnlyMemory<byte> code, ulong address)
    {
        for (int offset = 0; offset + 2 <= code.Length;)
        {
            ReadOnlySpan<byte> bytes = code.Span[offset..];
            uint word = (uint)(bytes[0] | (bytes[1] << 8));
            int length = (word & 3) == 3 ? 4 : 2;
            if (bytes.Length < length) yield break;
            if (length == 4) word |= (uint)((bytes[2] << 16) | (bytes[3] << 24));
            yield return new(address + (ulong)offset, word, length, Format(word, address + (ulong)offset));
            offset += length;
        }
    }

    internal static string X(byte register) => RegisterNames.X[register];

    internal static string F(byte register) => RegisterNames.F[register];

    internal static string Target(in Instruction instruction, ulong pc) => "0x" + (pc + (ulong)instruction.Imm).ToString("x", CultureInfo.InvariantCulture);

    private static string Data(in Instruction instruction) =>
        instruction.Length == 2 ? $".half 0x{(uint)instruction.Imm:x4}" : $".word 0x{(uint)instruction.Imm:x8}";

    private static string Write(InstructionRow row, in Instruction instruction, ulong pc)
    {
        var text = new StringBuilder(row.Mnemonic);
        if (row.IsOrdered) text.Append((instruction.Rm & 3) switch { 1 => ".rl", 2 => ".aq", 3 => ".aqrl", _ => "" });
        string syntax = row.Format.Syntax;
        if (syntax.Length == 0) return text.ToString();
        text.Append(' ');
        for (int i = 0; i < syntax.Length; i++)
        {
            switch (syntax[i])
            {
                case 'd': text.Append(Register(row.Rd, instruction.Rd)); break;
                case 's': text.Append(Register(row.Rs1, instruction.Rs1)); break;
                case 't': text.Append(Register(row.Rs2, instruction.Rs2)); break;
                case 'u': text.Append(Register(row.Rs3, instruction.Rs3)); break;
                case 'z': text.Append(row.Format == Isa.Format.Constant ? FloatConstants.Names[instruction.Rs1] : instruction.Rs1.ToString(CultureInfo.InvariantCulture)); break;
                case 'i': text.Append(instruction.Imm.ToString(CultureInfo.InvariantCulture)); break;
                case 'U': text.Append(CultureInfo.InvariantCulture, $"0x{((uint)instruction.Imm >> 12) & 0xfffff:x}"); break;
                case 'p': text.Append(Target(instruction, pc)); break;
                case 'c': text.Append(CsrNames.Of(instruction.Imm)); break;
                case 'f': text.Append(FenceSets.Of(instruction.Imm >> 4)).Append(',').Append(FenceSets.Of(instruction.Imm)); break;
                case ',' when i + 1 < syntax.Length && syntax[i + 1] == 'm':
                    if (instruction.Rm != RoundingModeNames.Default(instruction.Op)) text.Append(',').Append(RoundingModeNames.Of(instruction.Rm));
                    i++;
                    break;
                default: text.Append(syntax[i]); break;
            }
        }

        return text.ToString();
    }

    // Fields that a compressed row only implies are integer registers (sp).
    private static string Register(RegisterField field, byte number) => field.Kind == OperandKind.F ? F(number) : X(number);
}
