using System.Text;

namespace Doppel.CodeGen.Ir;

/// <summary>The words of the text form: <c>a0 = add.s32 a1, -1</c>. Temporaries are %n, slots $n or their name, labels @n.</summary>
internal static class IrNames
{
    private static readonly string[] Opcodes = [.. Enum.GetNames<IrOpcode>().Select(ToWord)];
    private static readonly string[] Types = [.. Enum.GetNames<IrType>().Select(name => name.ToLowerInvariant())];
    private static readonly string[] Conditions = ["eq", "ne", "lts", "ges", "ltu", "geu"];

    /// <summary>Stands before the operations of a guest instruction, with its distance.</summary>
    public const string GuestStart = "guest";

    /// <summary>Stands behind a result; of a brief one (<see cref="IrOp.IsBrief"/>), the other.</summary>
    public const string Is = " = ";
    public const string IsBriefly = " ~= ";

    public static string Of(IrOpcode code) => (int)code < Opcodes.Length ? Opcodes[(int)code] : $"opcode{(int)code}";

    public static string Of(IrType type) => (int)type < Types.Length ? Types[(int)type] : $"type{(int)type}";

    public static string Of(IrCondition condition) => (int)condition < Conditions.Length ? Conditions[(int)condition] : $"condition{(int)condition}";

    /// <summary>The integer kind of a conversion.</summary>
    public static string OfInteger(byte detail) => detail == IrOp.Unsigned64 ? "u64" : Of((IrType)detail);

    public static bool TryParse(string word, out IrOpcode code)
    {
        int index = Array.IndexOf(Opcodes, word);
        code = (IrOpcode)Math.Max(index, 0);
        return index >= 0;
    }

    public static bool TryParse(string word, out IrType type)
    {
        int index = Array.IndexOf(Types, word);
        type = (IrType)Math.Max(index, 0);
        return index >= 0;
    }

    public static bool TryParse(string word, IrDetailRule rule, out byte detail)
    {
        if (rule == IrDetailRule.Integer)
        {
            bool known = (TryParse(word, out IrType type) && type < IrType.F64) || word == "u64";
            detail = word == "u64" ? IrOp.Unsigned64 : (byte)type;
            return known;
        }

        int index = Array.IndexOf(Conditions, word);
        detail = (byte)Math.Max(index, 0);
        return index >= 0 && rule == IrDetailRule.Condition;
    }

    // MulHighSU: mul_high_su.
    private static string ToWord(string name)
    {
        var word = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1])) word.Append('_');
            word.Append(char.ToLowerInvariant(name[i]));
        }

        return word.ToString();
    }
}
