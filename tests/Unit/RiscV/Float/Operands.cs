using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>Operands that matter: special values, values at the edges of the ranges, long runs of equal digits, near neighbours of each other.</summary>
internal sealed class Operands(FormatUnderTest format, int seed)
{
    private readonly Random random = new(seed);
    private readonly ulong[] special = Special(format);

    public static ulong[] Special(FormatUnderTest format)
    {
        ulong[] magnitudes =
        [
            0, 1, 2, format.MinNormal - 1, format.MinNormal, format.MinNormal + 1, format.One - 1, format.One, format.One + 1,
            format.One + format.MinNormal, format.MaxFinite - 1, format.MaxFinite, format.Infinity,
            format.QuietNaN, format.QuietNaN | 1, format.SignalingNaN, format.QuietNaN - 1,
        ];
        return [.. magnitudes, .. magnitudes.Select(m => m | format.SignBit)];
    }

    public ulong Any() => random.Next(8) == 0 ? special[random.Next(special.Length)] : Finite();

    public ulong Finite()
    {
        while (true)
        {
            ulong bits = random.Next(4) switch
            {
                0 => Bits(),
                1 => Assemble(Bits() & (format.MinNormal - 1), NearBias()),
                2 => Assemble(Runs(), random.Next(2) == 0 ? Edge() : NearBias()),
                _ => Assemble(Runs(), random.Next(1 << format.ExponentBits)),
            };
            if (format.IsFinite(bits))
            {
                return bits;
            }
        }
    }

    /// <summary>A finite operand that is sometimes a neighbour of another one, of either sign, or of nearly its exponent.</summary>
    public ulong FiniteNear(ulong other)
    {
        ulong bits = random.Next(4) switch
        {
            0 => other + (ulong)random.Next(-3, 4),
            1 => (other + (ulong)((long)format.MinNormal * random.Next(-2, 3))) ^ (Bits() & (format.MinNormal - 1)),
            _ => Finite(),
        };
        bits &= format.SignBit | (format.SignBit - 1);
        bits ^= random.Next(2) == 0 ? format.SignBit : 0;
        return format.IsFinite(bits) ? bits : Finite();
    }

    /// <summary>An addend that often cancels most of a product.</summary>
    public ulong AddendFor(ulong a, ulong b)
    {
        FloatFlags flags = FloatFlags.None;
        ulong product = format.Apply(FloatOperation.Multiply, a, b, 0, RoundingMode.Rtz, ref flags);
        return random.Next(2) == 0 && format.IsFinite(product) ? FiniteNear(product) : Finite();
    }

    public ulong Bits() => (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (format.SignBit | (format.SignBit - 1));

    /// <summary>A 64-bit integer of any length, often with few digits.</summary>
    public ulong Integer()
    {
        ulong value = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
        return random.Next(3) switch
        {
            0 => value,
            1 => 0 - value,
            _ => (1UL << random.Next(64)) + (ulong)random.Next(-2, 3),
        };
    }

    private ulong Assemble(ulong fraction, int biased)
    {
        biased = Math.Clamp(biased, 0, (1 << format.ExponentBits) - 1);
        return (ulong)biased << (format.Precision - 1) | fraction | (random.Next(2) == 0 ? format.SignBit : 0);
    }

    private int NearBias() => (1 << (format.ExponentBits - 1)) - 1 + random.Next(-format.Precision - 2, format.Precision + 3);

    private int Edge()
    {
        int offset = random.Next(3);
        return random.Next(2) == 0 ? offset : (1 << format.ExponentBits) - 2 - offset;
    }

    private ulong Runs()
    {
        int length = random.Next(format.Precision);
        ulong run = ((1UL << length) - 1) << random.Next(format.Precision - length);
        return (random.Next(2) == 0 ? run : ~run) & (format.MinNormal - 1);
    }
}
