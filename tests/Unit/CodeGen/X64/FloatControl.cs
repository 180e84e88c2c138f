using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>MXCSR (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 10.2.3) as the guest would have it.</summary>
internal static class FloatControl
{
    private const uint Masks = 0x1f80;
    private const int RoundingShift = 13;
    private const uint Denormal = 2;

    // By the numbers of RISC-V: to nearest, towards zero, down, up.
    private static ReadOnlySpan<byte> Rounding => [0, 3, 1, 2];

    // Of RISC-V's flags, the lowest first.
    private static ReadOnlySpan<byte> FlagBits => [5, 4, 3, 2, 0];

    public static uint Of(RoundingMode rounding, FloatFlags flags)
    {
        uint control = Masks | (uint)Rounding[(int)rounding] << RoundingShift;
        for (int i = 0; i < FlagBits.Length; i++) control |= ((uint)flags >> i & 1) << FlagBits[i];
        return control;
    }

    /// <summary>Without the flag for subnormal operands, which no guest sees.</summary>
    public static uint Visible(uint control) => control & ~Denormal;

    public static FloatFlags FlagsOf(uint control)
    {
        uint flags = 0;
        for (int i = 0; i < FlagBits.Length; i++) flags |= (control >> FlagBits[i] & 1) << i;
        return (FloatFlags)flags;
    }
}
