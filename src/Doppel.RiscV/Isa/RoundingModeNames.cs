namespace Doppel.RiscV.Isa;

/// <summary>The rounding mode operand (Unprivileged ISA, f-st-ext: Rounding Mode).</summary>
internal static class RoundingModeNames
{
    public const byte Dynamic = 7;

    private static readonly string?[] Names = ["rne", "rtz", "rdn", "rup", "rmm", null, null, "dyn"];

    /// <summary>The name; the reserved values 5 and 6 are shown as what they are.</summary>
    public static string Of(byte mode) => Names[mode & 7] ?? $"rm{mode}";

    public static bool TryParse(string name, out byte mode)
    {
        int index = Array.IndexOf(Names, name);
        mode = (byte)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>The mode that stands for "not written": dynamic, but 0 in conversions that are always exact.</summary>
    public static byte Default(Op op) => op is Op.FcvtDS or Op.FcvtDW or Op.FcvtDWu or Op.FcvtSH or Op.FcvtDH ? (byte)0 : Dynamic;
}
