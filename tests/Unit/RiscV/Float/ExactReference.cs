using System.Numerics;
using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Rounding by its definition (IEEE 754-2019, 4.3 and 7.4–7.6), from exact numbers of any size. Slow, and shares nothing with what it judges.</summary>
internal sealed class ExactReference(FormatUnderTest format)
{
    private readonly int precision = format.Precision;
    private readonly int maxExponent = (1 << (format.ExponentBits - 1)) - 1;

    /// <summary>What an operation on finite operands must deliver, or null where the exact result does not exist.</summary>
    public (ulong Bits, FloatFlags Flags)? Expected(FloatOperation operation, ulong a, ulong b, ulong c, RoundingMode rm)
    {
        ExactNumber x = ExactNumber.Of(format, a);
        ExactNumber y = ExactNumber.Of(format, b);
        ExactNumber z = ExactNumber.Of(format, c);
        bool negativeProduct = format.IsNegative(a) != format.IsNegative(b);
        switch (operation)
        {
            case FloatOperation.Add:
                return Sum(x, format.IsNegative(a), y, format.IsNegative(b), rm);
            case FloatOperation.Subtract:
                return Sum(x, format.IsNegative(a), -y, !format.IsNegative(b), rm);
            case FloatOperation.Multiply:
                return Round(x * y, negativeProduct, rm);
            case FloatOperation.Divide:
                return y.IsZero ? null : Round(x / y, negativeProduct, rm);
            case FloatOperation.SquareRoot:
                return format.IsNegative(a) ? null : Round(x.SquareRoot(), false, rm);
            case FloatOperation.MultiplyAdd:
                return Sum(x * y, negativeProduct, z, format.IsNegative(c), rm);
            case FloatOperation.MultiplySubtract:
                return Sum(x * y, negativeProduct, -z, !format.IsNegative(c), rm);
            case FloatOperation.NegatedMultiplySubtract:
                return Sum(-(x * y), !negativeProduct, z, format.IsNegative(c), rm);
            default:
                return Sum(-(x * y), !negativeProduct, -z, !format.IsNegative(c), rm);
        }
    }

    /// <summary>The nearest encoding by <paramref name="rm"/>; <paramref name="negativeZero"/> is the sign of an exact zero.</summary>
    public (ulong Bits, FloatFlags Flags) Round(ExactNumber value, bool negativeZero, RoundingMode rm)
    {
        if (value.IsZero)
        {
            return (negativeZero ? format.SignBit : 0, FloatFlags.None);
        }

        int log = value.FloorLog2();
        int minExponent = 1 - maxExponent;
        int quantum = Math.Max(log, minExponent) - precision + 1;
        BigInteger significand = RoundToMultiple(value, quantum, rm, out bool inexact);
        FloatFlags flags = FloatFlags.None;
        if (inexact)
        {
            flags |= FloatFlags.Inexact;
            if (log < minExponent)
            {
                // Tiny after rounding: still below the normal range when rounded as though the exponent had no limit.
                int unbounded = log - precision + 1;
                BigInteger asIf = RoundToMultiple(value, unbounded, rm, out _);
                if (asIf < BigInteger.One << (minExponent - unbounded))
                {
                    flags |= FloatFlags.Underflow;
                }
            }
        }

        if (significand == BigInteger.One << precision)
        {
            significand >>= 1;
            quantum++;
        }

        ulong magnitude;
        if (significand < format.MinNormal)
        {
            magnitude = (ulong)significand;
        }
        else if (quantum + precision - 1 > maxExponent)
        {
            flags |= FloatFlags.Overflow | FloatFlags.Inexact;
            bool infinite = rm is RoundingMode.Rne or RoundingMode.Rmm || rm == (value.Negative ? RoundingMode.Rdn : RoundingMode.Rup);
            magnitude = infinite ? format.Infinity : format.MaxFinite;
        }
        else
        {
            magnitude = ((ulong)(quantum + precision - 1 + maxExponent) << (precision - 1)) | ((ulong)significand - format.MinNormal);
        }

        return (magnitude | (value.Negative ? format.SignBit : 0), flags);
    }

    /// <summary>|value| / 2^quantum as an integer.</summary>
    public static BigInteger RoundToMultiple(ExactNumber value, int quantum, RoundingMode rm, out bool inexact)
    {
        BigInteger halves = value.Floor(quantum - 1, out bool exact);
        BigInteger floor = halves >> 1;
        inexact = !exact || !halves.IsEven;
        bool tie = exact && !halves.IsEven;
        bool above = !exact && !halves.IsEven;
        bool up = rm switch
        {
            RoundingMode.Rne => above || (tie && !floor.IsEven),
            RoundingMode.Rmm => above || tie,
            RoundingMode.Rup => inexact && !value.Negative,
            RoundingMode.Rdn => inexact && value.Negative,
            _ => false,
        };
        return up ? floor + 1 : floor;
    }

    private (ulong Bits, FloatFlags Flags) Sum(ExactNumber x, bool xNegative, ExactNumber y, bool yNegative, RoundingMode rm)
    {
        return Round(x + y, xNegative == yNegative ? xNegative : rm == RoundingMode.Rdn, rm);
    }
}
