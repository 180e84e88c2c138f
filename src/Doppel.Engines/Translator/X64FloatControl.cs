using Doppel.Core.Engine;

namespace Doppel.Engines.Translator;

/// <summary>MXCSR (Intel SDM volume 1, section 10.2.3) to and from an IEEE environment. All exceptions are masked, denormals are honoured.</summary>
internal static class X64FloatControl
{
    /// <summary>What it is for managed code: all masked, to nearest.</summary>
    public const uint Host = 0x1f80;

    private const int RoundingShift = 13;

    public static uint From(FloatEnvironment environment)
    {
        // MXCSR: invalid, denormal operand, divide by zero, overflow, underflow, inexact from bit 0.
        var e = environment.Exceptions;
        uint flags = Bit(FloatExceptions.Invalid, 0) | Bit(FloatExceptions.DivideByZero, 2) | Bit(FloatExceptions.Overflow, 3)
            | Bit(FloatExceptions.Underflow, 4) | Bit(FloatExceptions.Inexact, 5);
        uint rounding = environment.Rounding switch
        {
            FloatRounding.Down => 1,
            FloatRounding.Up => 2,
            FloatRounding.TowardZero => 3,
            _ => 0,
        };
        return Host | rounding << RoundingShift | flags;

        uint Bit(FloatExceptions exception, int bit) => (e & exception) != 0 ? 1U << bit : 0;
    }

    public static FloatExceptions Exceptions(uint mxcsr) =>
        ((mxcsr & 1) != 0 ? FloatExceptions.Invalid : 0)
        | ((mxcsr & 4) != 0 ? FloatExceptions.DivideByZero : 0)
        | ((mxcsr & 8) != 0 ? FloatExceptions.Overflow : 0)
        | ((mxcsr & 16) != 0 ? FloatExceptions.Underflow : 0)
        | ((mxcsr & 32) != 0 ? FloatExceptions.Inexact : 0);
}
