using System.Globalization;

namespace Doppel.RiscV.Isa.Assembly;

/// <summary>
/// A small assembler for tests: every mnemonic of the rows (compressed ones included), labels, <c>#</c> comments, the usual pseudo-instructions, and the directives
/// <c>.byte .half .word .dword .zero .align .ascii</c> (<c>.dword</c> takes labels too; <c>.align</c> a number of bytes).
/// </summary>
public static class Assembler
{
    /// <summary>Assembles a program to bytes.</summary>
    /// <param name="text">One instruction, label or directive per line, or several separated by semicolons.</param>
    /// <param name="origin">The address of the first byte.</param>
    /// <exception cref="AssemblyException">A line cannot be understood.</exception>
    public static byte[] Assemble(string text, ulong origin = 0) => Parse(text, origin).Build();

    /// <summary>Assembles a program that code can still be added to, and whose labels can be asked for.</summary>
    public static ProgramBuilder Parse(string text, ulong origin = 0)
    {
        var builder = new ProgramBuilder(origin);
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string code = line.Split('#')[0];
            foreach (string statement in code.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) Statement(builder, number, statement);
        }

        return builder;
    }

    private static void Statement(ProgramBuilder builder, int line, string statement)
    {
        int colon = statement.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && !statement[..colon].Any(char.IsWhiteSpace))
        {
            builder.Label(statement[..colon]);
            statement = statement[(colon + 1)..].Trim();
            if (statement.Length == 0) return;
        }

        string[] words = statement.Split((char[])[' ', '\t'], 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string mnemonic = words[0];
        string operands = words.Length > 1 ? words[1] : "";
        try
        {
            if (mnemonic[0] == '.') Directive(builder, mnemonic, operands);
            else if (!PseudoAssembler.TryAssemble(builder, mnemonic, operands)) new OperandParser(builder, mnemonic, operands).Assemble();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new AssemblyException(line, statement, e.Message);
        }
    }

    private static void Directive(ProgramBuilder builder, string name, string operands)
    {
        switch (name)
        {
            case ".ascii":
                foreach (char c in operands.Trim('"').Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\0", "\0", StringComparison.Ordinal)) builder.Byte((byte)c);
                return;
            case ".align": builder.Align((int)Number(operands)); return;
            case ".zero": builder.Zeroes((int)Number(operands)); return;
        }

        foreach (string value in operands.Split(',', StringSplitOptions.TrimEntries))
        {
            switch (name)
            {
                case ".byte": builder.Byte((byte)Number(value)); break;
                case ".half": builder.Half((ushort)Number(value)); break;
                case ".word": builder.Word((uint)Number(value)); break;
                case ".dword" when char.IsLetter(value[0]) || value[0] == '_': builder.Pointer(value); break;
                case ".dword": builder.Double((ulong)Number(value)); break;
                default: throw new ArgumentException("unknown directive");
            }
        }
    }

    /// <summary>A number in decimal, hexadecimal (0x) or binary (0b), with an optional sign.</summary>
    internal static long Number(string text)
    {
        bool negative = text.StartsWith('-');
        string digits = negative ? text[1..] : text;
        ulong value =
            digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? ulong.Parse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase) ? ulong.Parse(digits.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture)
            : ulong.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        return negative ? -(long)value : (long)value;
    }
}
