// Implements: the constants of fli, RISC-V unprivileged ISA, "Zfa" extension, load-immediate instructions.
namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    /// <summary>fli: the constant that the rs1 field (0–31) stands for.</summary>
    public static ulong Immediate<TFormat>(int index)
        where TFormat : struct, IBinaryFormat
    {
        switch (index)
        {
            case 1:
                return Layout<TFormat>.HiddenBit; // the smallest normal number
            case 30:
                return Layout<TFormat>.Infinity;
            case 31:
                return Layout<TFormat>.CanonicalNaN;
        }

        // All the others are exact in binary32, and in the wider and narrower formats too, save for 2^16 in binary16: that is +∞ there.
        FloatFlags unused = FloatFlags.None;
        return ConvertFormat<Binary32, TFormat>(BitConverter.SingleToUInt32Bits(Constants[index]), RoundingMode.Rne, ref unused);
    }

    private static ReadOnlySpan<float> Constants =>
    [
        -1.0f, 0, 1 / 65536.0f, 1 / 32768.0f, 1 / 256.0f, 1 / 128.0f, 0.0625f, 0.125f,
        0.25f, 0.3125f, 0.375f, 0.4375f, 0.5f, 0.625f, 0.75f, 0.875f,
        1.0f, 1.25f, 1.5f, 1.75f, 2.0f, 2.5f, 3.0f, 4.0f,
        8.0f, 16.0f, 128.0f, 256.0f, 32768.0f, 65536.0f, 0, 0,
    ];
}
