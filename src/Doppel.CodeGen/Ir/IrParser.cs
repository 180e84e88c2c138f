using System.Globalization;

namespace Doppel.CodeGen.Ir;

/// <summary>Reads the text form of a region. Behind a semicolon is a comment.</summary>
/// <param name="slotNumber">The number of a named slot, or null if there is none of that name.</param>
public sealed class IrParser(Func<string, int?>? slotNumber = null)
{
    /// <summary>Appends the operations to the region.</summary>
    /// <exception cref="FormatException">The text is no region; the message has the line's number.</exception>
    public void Parse(string text, IrRegion region)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Split(';')[0].Trim();
            if (line.Length == 0) continue;
            try
            {
                ParseLine(line, region);
            }
            catch (FormatException exception)
            {
                throw new FormatException($"line {i + 1}: {exception.Message}", exception);
            }
        }
    }

    private void ParseLine(string line, IrRegion region)
    {
        if (line.EndsWith(':'))
        {
            region.Emit(IrOpcode.Label, c: ParseOperand(line[..^1], region));
            return;
        }

        if (line.StartsWith(IrNames.GuestStart + " ", StringComparison.Ordinal))
        {
            region.BeginInstruction((int)ParseConstant(line[IrNames.GuestStart.Length..].Trim()));
            return;
        }

        IrOperand d = IrOperand.None;
        bool isBrief = line.Contains(IrNames.IsBriefly, StringComparison.Ordinal);
        if (line.Split(isBrief ? IrNames.IsBriefly : IrNames.Is, 2) is [string result, string rest])
        {
            d = ParseOperand(result.Trim(), region);
            line = rest.Trim();
        }

        int space = line.IndexOf(' ', StringComparison.Ordinal);
        string[] words = (space < 0 ? line : line[..space]).Split('.');
        string[] operands = space < 0 ? [] : line[space..].Split(',', StringSplitOptions.TrimEntries);
        if (!IrNames.TryParse(words[0], out IrOpcode code)) throw new FormatException($"'{words[0]}' is no operation");
        ref readonly IrSignature signature = ref IrSignature.Of(code);
        IrType type = IrType.I64;
        byte detail = 0;
        int word = 1;
        if (word < words.Length && IrNames.TryParse(words[word], out IrType parsed) && (signature.Detail == IrDetailRule.Nothing || word + 1 < words.Length))
        {
            type = parsed;
            word++;
        }

        if (signature.Detail != IrDetailRule.Nothing && !(word < words.Length && IrNames.TryParse(words[word++], signature.Detail, out detail)))
        {
            throw new FormatException($"{words[0]} needs to know its {signature.Detail}");
        }

        if (word != words.Length) throw new FormatException($"'{words[word]}' says nothing about {words[0]}");
        int next = 0;
        region.Emit(code, type, d, Next(signature.A), Next(signature.B), Next(signature.C), detail);
        if (next != operands.Length) throw new FormatException($"{words[0]} has {operands.Length} operands");
        region.Writable[^1].IsBrief = isBrief;

        IrOperand Next(IrRule rule)
        {
            if (rule == IrRule.Nothing) return IrOperand.None;
            if (next == operands.Length) throw new FormatException($"{words[0]} has only {operands.Length} operands");
            return ParseOperand(operands[next++], region);
        }
    }

    private IrOperand ParseOperand(string text, IrRegion region)
    {
        switch (text)
        {
            case "-":
                return IrOperand.None;
            case ['%', .. string number]:
                int temp = ParseNumber(number);
                while (region.Temps <= temp) region.NewTemp();
                return IrOperand.Temp(temp);
            case ['@', .. string number]:
                int label = ParseNumber(number);
                while (region.Labels <= label) region.NewLabel();
                return IrOperand.Label(label);
            case ['$', .. string number]:
                return IrOperand.Slot(ParseNumber(number));
            case ['-' or (>= '0' and <= '9'), ..]:
                return region.Constant(ParseConstant(text));
            default:
                return slotNumber?.Invoke(text) is { } slot ? IrOperand.Slot(slot) : throw new FormatException($"'{text}' is no operand");
        }
    }

    private static int ParseNumber(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? number : throw new FormatException($"'{text}' is no number up to 65535");

    private static long ParseConstant(string text)
    {
        bool negative = text[0] == '-';
        string digits = negative ? text[1..] : text;
        bool hexadecimal = digits.StartsWith("0x", StringComparison.Ordinal);
        bool known = hexadecimal
            ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong magnitude)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out magnitude);
        if (!known) throw new FormatException($"'{text}' is no number");
        return negative ? -(long)magnitude : (long)magnitude;
    }
}
