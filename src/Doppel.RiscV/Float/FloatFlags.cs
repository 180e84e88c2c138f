namespace Doppel.RiscV.Float;

/// <summary>The accrued exceptions, laid out as in the <c>fflags</c> CSR. The arithmetic only ever adds to them.</summary>
[Flags]
internal enum FloatFlags : byte
{
    None = 0,

    /// <summary>NX: the result was rounded.</summary>
    Inexact = 1,

    /// <summary>UF: the result is both tiny (judged after rounding) and inexact.</summary>
    Underflow = 2,

    /// <summary>OF: the rounded result exceeds the largest finite number.</summary>
    Overflow = 4,

    /// <summary>DZ: an exact infinity from finite operands.</summary>
    DivideByZero = 8,

    /// <summary>NV: the operation has no usefully definable result, or an operand is a signaling NaN.</summary>
    Invalid = 16,
}
