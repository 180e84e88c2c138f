namespace Doppel.Core.Engine;

/// <summary>IEEE 754 exception flags.</summary>
[Flags]
public enum FloatExceptions : byte
{
    None = 0,
    Inexact = 1,
    Underflow = 2,
    Overflow = 4,
    DivideByZero = 8,
    Invalid = 16,
}

/// <summary>IEEE 754 rounding directions that hosts know.</summary>
public enum FloatRounding : byte
{
    NearestEven,
    TowardZero,
    Down,
    Up,
}

/// <summary>The state of floating-point arithmetic beside its registers.</summary>
public readonly record struct FloatEnvironment(FloatExceptions Exceptions, FloatRounding Rounding);
