namespace Doppel.CodeGen.X64.Assembler;

/// <summary>How <see cref="Rm"/>, <see cref="XmmRm"/> and <see cref="Mem"/> say what they are: bits 0–3 register or base, 4–7 index, 8–9 scale, and flags.</summary>
internal static class RmBits
{
    public const int IndexShift = 4;
    public const int ScaleShift = 8;

    /// <summary>What stands for no index where there has to be one.</summary>
    public const uint NoIndex = 4 << IndexShift;

    /// <summary>ModRM is followed by a SIB: there is an index, or the base is rsp or r12, which ModRM alone cannot say.</summary>
    public const uint HasSib = 1 << 10;
    public const uint Memory = 1 << 11;
    public const uint Rip = 1 << 12;
}
