// Zfa 1.0: RISC-V Unprivileged ISA, chapter zfa: Load-Immediate Instructions.
namespace Doppel.RiscV.Isa;

/// <summary>The constants of <c>fli.s</c>, <c>fli.d</c> and <c>fli.h</c> by their index.</summary>
public static class FloatConstants
{
    /// <summary>As they are written in assembly language. Index 1 is the smallest positive normal number of the format.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "-1.0", "min", "1.52587890625e-05", "3.0517578125e-05", "0.00390625", "0.0078125", "0.0625", "0.125",
        "0.25", "0.3125", "0.375", "0.4375", "0.5", "0.625", "0.75", "0.875",
        "1.0", "1.25", "1.5", "1.75", "2.0", "2.5", "3.0", "4.0",
        "8.0", "16.0", "128.0", "256.0", "32768.0", "65536.0", "inf", "nan",
    ];

    /// <summary>The values as binary64; index 1 (the format's own minimum) is zero here.</summary>
    public static IReadOnlyList<double> Values { get; } =
    [
        -1, 0, 1.0 / 65536, 1.0 / 32768, 1.0 / 256, 1.0 / 128, 0.0625, 0.125,
        0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875,
        1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4,
        8, 16, 128, 256, 32768, 65536, double.PositiveInfinity, double.NaN,
    ];
}
