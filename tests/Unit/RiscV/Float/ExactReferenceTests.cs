using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Results and flags in every rounding mode against exact arithmetic on big integers.</summary>
public sealed class ExactReferenceTests
{
    private const int Samples = 1500;

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Arithmetic_any_finite_operands_rounds_the_exact_result(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        ExactReference reference = new(format);
        Operands operands = new(format, seed: width);
        foreach (FloatOperation operation in Enum.GetValues<FloatOperation>())
        {
            for (int i = 0; i < Samples; i++)
            {
                ulong a = operands.Finite();
                ulong b = operands.FiniteNear(a);
                ulong c = operands.AddendFor(a, b);
                RoundingMode rm = FormatUnderTest.Modes[i % FormatUnderTest.Modes.Length];
                if (reference.Expected(operation, a, b, c, rm) is not { } expected)
                {
                    continue;
                }

                FloatFlags flags = FloatFlags.None;
                ulong bits = format.Apply(operation, a, b, c, rm, ref flags);
                Assert.True(
                    (bits, flags) == expected,
                    $"{operation} {rm} {a:x} {b:x} {c:x}: {bits:x} {flags}, expected {expected.Bits:x} {expected.Flags}");
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Addition_near_the_smallest_and_the_largest_numbers_rounds_the_exact_result(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        ExactReference reference = new(format);
        ulong[] edges = [.. Operands.Special(format).Where(format.IsFinite)];
        foreach (RoundingMode rm in FormatUnderTest.Modes)
        {
            foreach (ulong a in edges)
            {
                foreach (ulong b in edges)
                {
                    foreach (FloatOperation operation in (FloatOperation[])[FloatOperation.Add, FloatOperation.Multiply, FloatOperation.Divide])
                    {
                        if (reference.Expected(operation, a, b, 0, rm) is not { } expected)
                        {
                            continue;
                        }

                        FloatFlags flags = FloatFlags.None;
                        ulong bits = format.Apply(operation, a, b, 0, rm, ref flags);
                        Assert.True(
                            (bits, flags) == expected,
                            $"{operation} {rm} {a:x} {b:x}: {bits:x} {flags}, expected {expected.Bits:x} {expected.Flags}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(16, 32)]
    [InlineData(16, 64)]
    [InlineData(32, 16)]
    [InlineData(32, 64)]
    [InlineData(64, 16)]
    [InlineData(64, 32)]
    public void Format_conversion_any_finite_operand_rounds_its_value(int from, int to)
    {
        FormatUnderTest source = FormatUnderTest.Of(from);
        FormatUnderTest target = FormatUnderTest.Of(to);
        ExactReference reference = new(target);
        Operands operands = new(source, seed: from + to);
        Operands inTarget = new(target, seed: to);
        FloatFlags ignored = FloatFlags.None;
        for (int i = 0; i < Samples; i++)
        {
            // Half of them lie in the target's range, or within a rounding of a number there.
            ulong a = i % 2 == 0 ? operands.Finite() : target.ConvertTo(from, inTarget.Finite(), RoundingMode.Rtz, ref ignored) ^ (ulong)(i & 6);
            if (!source.IsFinite(a))
            {
                continue;
            }

            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                (ulong Bits, FloatFlags Flags) expected = reference.Round(ExactNumber.Of(source, a), source.IsNegative(a), rm);
                FloatFlags flags = FloatFlags.None;
                ulong bits = source.ConvertTo(to, a, rm, ref flags);
                Assert.True((bits, flags) == expected, $"{rm} {a:x}: {bits:x} {flags}, expected {expected.Bits:x} {expected.Flags}");
            }
        }
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(32, true)]
    [InlineData(32, false)]
    [InlineData(64, true)]
    [InlineData(64, false)]
    public void Integer_conversion_any_integer_rounds_its_value(int width, bool signed)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        ExactReference reference = new(format);
        Operands operands = new(format, seed: width);
        for (int i = 0; i < Samples; i++)
        {
            ulong value = operands.Integer();
            ExactNumber exact = signed ? ExactNumber.FromSigned((long)value, 0) : ExactNumber.FromSigned(value, 0);
            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                (ulong Bits, FloatFlags Flags) expected = reference.Round(exact, false, rm);
                FloatFlags flags = FloatFlags.None;
                ulong bits = format.FromInteger(signed, value, rm, ref flags);
                Assert.True((bits, flags) == expected, $"{rm} {value:x}: {bits:x} {flags}, expected {expected.Bits:x} {expected.Flags}");
            }
        }
    }
}
