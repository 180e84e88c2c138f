using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Square roots of every binary16 number, judged by squaring: squares of 12-bit significands are exact in a double.</summary>
public sealed class SquareRootTests
{
    [Fact]
    public void Binary16_every_number_has_the_neighbours_of_its_root_on_the_right_sides()
    {
        for (uint a = 1; a < 0x7C00; a++)
        {
            double x = Value(a);
            foreach (RoundingMode rm in FormatUnderTest.Modes)
            {
                FloatFlags flags = FloatFlags.None;
                ulong root = FloatArithmetic.SquareRoot<Binary16>(a, rm, ref flags);
                double r = Value(root);
                double below = (Value(root - 1) + r) / 2;
                double above = (Value(root + 1) + r) / 2;
                bool right = rm switch
                {
                    RoundingMode.Rtz or RoundingMode.Rdn => r * r <= x && x < Value(root + 1) * Value(root + 1),
                    RoundingMode.Rup => Value(root - 1) * Value(root - 1) < x && x <= r * r,
                    _ => below * below < x && x < above * above, // a root is never half way between two numbers
                };
                FloatFlags expected = r * r == x ? FloatFlags.None : FloatFlags.Inexact;
                Assert.True(right && flags == expected, $"{rm} {a:x}: {root:x} {flags}");
            }
        }
    }

    private static double Value(ulong bits) => (double)BitConverter.UInt16BitsToHalf((ushort)bits);
}
