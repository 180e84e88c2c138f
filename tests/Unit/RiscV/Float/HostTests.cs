using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>
/// To nearest even against the host's arithmetic, all kinds of operands; and the path that uses the host's arithmetic against the one that does not.
/// </summary>
public sealed class HostTests
{
    private const int Samples = 40_000;

    private static readonly FloatOperation[] Operations =
    [
        FloatOperation.Add, FloatOperation.Subtract, FloatOperation.Multiply, FloatOperation.Divide, FloatOperation.SquareRoot, FloatOperation.MultiplyAdd,
    ];

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Arithmetic_to_nearest_even_equals_the_host(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        Operands operands = new(format, seed: width);
        foreach (FloatOperation operation in Operations)
        {
            if (width == 16 && operation == FloatOperation.MultiplyAdd)
            {
                continue; // the host has none, and computing it wider rounds twice
            }

            for (int i = 0; i < Samples; i++)
            {
                ulong a = operands.Any();
                ulong b = operands.Any();
                ulong c = operands.Any();
                FloatFlags flags = FloatFlags.None;
                ulong bits = format.Apply(operation, a, b, c, RoundingMode.Rne, ref flags);
                ulong expected = Host(operation, width, a, b, c);
                expected = format.IsNaN(expected) ? format.QuietNaN : expected;
                if (bits != expected)
                {
                    Assert.Fail($"{operation} {a:x} {b:x} {c:x}: {bits:x}, expected {expected:x}");
                }
            }
        }
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Arithmetic_with_inexact_already_set_differs_in_nothing_but_that(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        Operands operands = new(format, seed: width + 1);
        foreach (FloatOperation operation in Enum.GetValues<FloatOperation>())
        {
            for (int i = 0; i < Samples; i++)
            {
                ulong a = operands.Any();
                ulong b = i % 2 == 0 ? operands.Any() : operands.FiniteNear(a);
                ulong c = i % 2 == 0 ? operands.Any() : operands.AddendFor(a, b);
                FloatFlags slow = FloatFlags.None;
                FloatFlags fast = FloatFlags.Inexact;
                ulong expected = format.Apply(operation, a, b, c, RoundingMode.Rne, ref slow);
                ulong bits = format.Apply(operation, a, b, c, RoundingMode.Rne, ref fast);
                if (bits != expected || fast != (slow | FloatFlags.Inexact))
                {
                    Assert.Fail($"{operation} {a:x} {b:x} {c:x}: {bits:x} {fast}, expected {expected:x} {slow}");
                }
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Arithmetic_near_the_subnormal_range_is_the_same_with_inexact_already_set(int width)
    {
        FormatUnderTest format = FormatUnderTest.Of(width);
        Random random = new(width);
        foreach (FloatOperation operation in (FloatOperation[])[FloatOperation.Multiply, FloatOperation.Divide, FloatOperation.MultiplyAdd])
        {
            for (int i = 0; i < Samples; i++)
            {
                // Around 1 and around the smallest normal number: products and quotients fall on both sides of the edge.
                ulong a = format.MinNormal + (ulong)random.Next(-40, 40);
                ulong b = format.One + (ulong)random.Next(-40, 40);
                ulong c = (ulong)random.Next(3);
                FloatFlags slow = FloatFlags.None;
                FloatFlags fast = FloatFlags.Inexact;
                ulong expected = format.Apply(operation, a, b, c, RoundingMode.Rne, ref slow);
                ulong bits = format.Apply(operation, a, b, c, RoundingMode.Rne, ref fast);
                if (bits != expected || fast != (slow | FloatFlags.Inexact))
                {
                    Assert.Fail($"{operation} {a:x} {b:x} {c:x}: {bits:x} {fast}, expected {expected:x} {slow}");
                }
            }
        }
    }

    [Fact]
    public void Binary16_every_encoding_widens_as_on_the_host()
    {
        FormatUnderTest format = FormatUnderTest.Of(16);
        for (uint a = 0; a < 0x10000; a++)
        {
            FloatFlags flags = FloatFlags.None;
            Half value = BitConverter.UInt16BitsToHalf((ushort)a);
            ulong single = format.IsNaN(a) ? 0x7FC0_0000 : BitConverter.SingleToUInt32Bits((float)value);
            ulong twice = format.IsNaN(a) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToUInt64Bits((double)value);
            Assert.Equal(single, format.ConvertTo(32, a, RoundingMode.Rne, ref flags));
            Assert.Equal(twice, format.ConvertTo(64, a, RoundingMode.Rne, ref flags));
            Assert.Equal(format.IsSignaling(a) ? FloatFlags.Invalid : FloatFlags.None, flags);
        }
    }

    [Fact]
    public void Binary64_any_operand_narrows_as_on_the_host()
    {
        FormatUnderTest format = FormatUnderTest.Of(64);
        Operands operands = new(format, seed: 11);
        for (int i = 0; i < Samples; i++)
        {
            ulong a = operands.Any();
            double value = BitConverter.UInt64BitsToDouble(a);
            FloatFlags flags = FloatFlags.None;
            ulong expected = double.IsNaN(value) ? 0x7FC0_0000 : BitConverter.SingleToUInt32Bits((float)value);
            Assert.Equal(expected, format.ConvertTo(32, a, RoundingMode.Rne, ref flags));
        }
    }

    /// <summary>binary16 by way of binary64: its sums and products are exact there, and 53 digits are enough for a quotient or root to be rounded again.</summary>
    private static ulong Host(FloatOperation operation, int width, ulong a, ulong b, ulong c)
    {
        switch (width)
        {
            case 16:
                return BitConverter.HalfToUInt16Bits((Half)Host(
                    operation, (double)BitConverter.UInt16BitsToHalf((ushort)a), (double)BitConverter.UInt16BitsToHalf((ushort)b), 0));
            case 32:
                float x = BitConverter.UInt32BitsToSingle((uint)a);
                float y = BitConverter.UInt32BitsToSingle((uint)b);
                float z = BitConverter.UInt32BitsToSingle((uint)c);
                return BitConverter.SingleToUInt32Bits(operation switch
                {
                    FloatOperation.Add => x + y,
                    FloatOperation.Subtract => x - y,
                    FloatOperation.Multiply => x * y,
                    FloatOperation.Divide => x / y,
                    FloatOperation.SquareRoot => MathF.Sqrt(x),
                    _ => MathF.FusedMultiplyAdd(x, y, z),
                });
            default:
                return BitConverter.DoubleToUInt64Bits(Host(
                    operation, BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b), BitConverter.UInt64BitsToDouble(c)));
        }
    }

    private static double Host(FloatOperation operation, double x, double y, double z) => operation switch
    {
        FloatOperation.Add => x + y,
        FloatOperation.Subtract => x - y,
        FloatOperation.Multiply => x * y,
        FloatOperation.Divide => x / y,
        FloatOperation.SquareRoot => Math.Sqrt(x),
        _ => Math.FusedMultiplyAdd(x, y, z),
    };
}
