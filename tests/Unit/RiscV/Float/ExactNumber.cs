using System.Numerics;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>An exact real number: ±numerator/denominator, or the square root of that.</summary>
internal readonly record struct ExactNumber(bool Negative, BigInteger Numerator, BigInteger Denominator, bool IsRoot = false)
{
    public bool IsZero => Numerator.IsZero;

    /// <summary>The value of a finite encoding.</summary>
    public static ExactNumber Of(FormatUnderTest format, ulong bits)
    {
        int biased = (int)(bits >> (format.Precision - 1)) & ((1 << format.ExponentBits) - 1);
        BigInteger significand = bits & (format.MinNormal - 1);
        if (biased != 0)
        {
            significand += format.MinNormal;
        }

        int exponent = Math.Max(biased, 1) - ((1 << (format.ExponentBits - 1)) - 1) - (format.Precision - 1);
        return FromSigned(format.IsNegative(bits) ? -significand : significand, exponent);
    }

    /// <summary>significand × 2^exponent.</summary>
    public static ExactNumber FromSigned(BigInteger significand, int exponent)
    {
        BigInteger magnitude = BigInteger.Abs(significand);
        return exponent >= 0
            ? new ExactNumber(significand.Sign < 0, magnitude << exponent, BigInteger.One)
            : new ExactNumber(significand.Sign < 0, magnitude, BigInteger.One << -exponent);
    }

    public static ExactNumber operator +(ExactNumber x, ExactNumber y)
    {
        BigInteger sum = (x.Signed * y.Denominator) + (y.Signed * x.Denominator);
        return new ExactNumber(sum.Sign < 0, BigInteger.Abs(sum), x.Denominator * y.Denominator);
    }

    public static ExactNumber operator -(ExactNumber x) => x with { Negative = !x.Negative };

    public static ExactNumber operator *(ExactNumber x, ExactNumber y) =>
        new(x.Negative != y.Negative, x.Numerator * y.Numerator, x.Denominator * y.Denominator);

    public static ExactNumber operator /(ExactNumber x, ExactNumber y) =>
        new(x.Negative != y.Negative, x.Numerator * y.Denominator, x.Denominator * y.Numerator);

    public ExactNumber SquareRoot() => this with { IsRoot = true };

    /// <summary>⌊log₂ |x|⌋ of a number that is not zero.</summary>
    public int FloorLog2()
    {
        int log = (int)(Numerator.GetBitLength() - Denominator.GetBitLength());
        bool tooLarge = log >= 0 ? Numerator < Denominator << log : Numerator << -log < Denominator;
        if (tooLarge)
        {
            log--;
        }

        return IsRoot ? log >> 1 : log;
    }

    /// <summary>⌊|x| / 2^exponent⌋, and whether that is all of it.</summary>
    public BigInteger Floor(int exponent, out bool exact)
    {
        int shift = IsRoot ? -2 * exponent : -exponent;
        BigInteger numerator = shift > 0 ? Numerator << shift : Numerator;
        BigInteger denominator = shift < 0 ? Denominator << -shift : Denominator;
        BigInteger whole = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        exact = rest.IsZero;
        if (!IsRoot)
        {
            return whole;
        }

        BigInteger root = IntegerRoot(whole);
        exact &= root * root == whole;
        return root;
    }

    private BigInteger Signed => Negative ? -Numerator : Numerator;

    private static BigInteger IntegerRoot(BigInteger value)
    {
        if (value.IsZero)
        {
            return value;
        }

        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (value / root)) >> 1;
            if (next >= root)
            {
                return root;
            }

            root = next;
        }
    }
}
