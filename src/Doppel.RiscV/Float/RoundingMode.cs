namespace Doppel.RiscV.Float;

/// <summary>
/// The rounding modes with their RISC-V encoding (unprivileged ISA, "F" extension, table of rounding-mode encodings).
/// The encodings 5 and 6 are reserved and 7 (dynamic) is resolved by whoever executes the instruction; neither reaches the arithmetic.
/// </summary>
internal enum RoundingMode : byte
{
    /// <summary>To nearest, ties to even.</summary>
    Rne = 0,

    /// <summary>Towards zero.</summary>
    Rtz = 1,

    /// <summary>Down, towards −∞.</summary>
    Rdn = 2,

    /// <summary>Up, towards +∞.</summary>
    Rup = 3,

    /// <summary>To nearest, ties to the larger magnitude.</summary>
    Rmm = 4,
}
