using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What is left to do for operands that are rare.</summary>
internal enum FloatColdKind : byte
{
    /// <summary>D = the canonical NaN.</summary>
    Canonical,

    /// <summary>The sum in D is a NaN: invalid if the product A·B alone is, even if the addend was a quiet NaN; D = the canonical NaN.</summary>
    Fused,

    /// <summary>A and B are equal, or one of them is a NaN: the smaller.</summary>
    Min,
    Max,

    /// <summary>A does not fit a signed integer, or is the smallest.</summary>
    ToS32,
    ToI64,

    /// <summary>A is negative, not a number, or does not fit an unsigned integer; D is A rounded to an integer, T its exponent and sign.</summary>
    ToU32,
    ToU64,

    /// <summary>A does not fit an unsigned integer, or is the greatest.</summary>
    SaturatedU32,
    SaturatedU64,

    /// <summary>T has the sign set, and is an unsigned integer.</summary>
    FromU64,
}

/// <summary>Floating-point code behind the region's. It changes no register but D and those that the operation has for itself.</summary>
internal struct FloatCold
{
    public FloatColdKind Kind;
    public Label Entry;
    public Label Back;
    public FloatSize Size;

    /// <summary>Conversions to signed integers: invalid is still to be raised.</summary>
    public bool Raises;

    /// <summary>Conversions to integers: towards zero, or as the current mode says.</summary>
    public bool Truncate;

    public Xmm D;
    public XmmRm A;
    public XmmRm B;
    public Gpr T;

    /// <summary>A second integer register.</summary>
    public Gpr U;
}
