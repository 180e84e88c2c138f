namespace Doppel.RiscV.Isa;

/// <summary>The operands of <c>fence</c>: which accesses before are ordered with which ones after (Unprivileged ISA, rv32: Memory Ordering Instructions).</summary>
internal static class FenceSets
{
    private const string Letters = "iorw";

    /// <summary>A set as letters; 0 for the empty one.</summary>
    public static string Of(int bits)
    {
        if ((bits & 15) == 0) return "0";
        return string.Concat(Letters.Where((_, i) => (bits & (8 >> i)) != 0));
    }

    public static bool TryParse(string text, out int bits)
    {
        bits = 0;
        if (text == "0") return true;
        foreach (char letter in text)
        {
            int index = Letters.IndexOf(letter, StringComparison.Ordinal);
            if (index < 0) return false;
            bits |= 8 >> index;
        }

        return bits != 0;
    }
}
