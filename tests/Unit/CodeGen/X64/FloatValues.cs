using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Encodings of numbers in which floating-point units differ.</summary>
internal sealed class FloatValues(IrType type, Random random)
{
    private const ulong Box = 0xffff_ffff_0000_0000;
    private readonly int _fraction = type == IrType.F32 ? 23 : 52;
    private readonly int _exponents = type == IrType.F32 ? 8 : 11;

    private int Bias => (1 << (_exponents - 1)) - 1;

    private ulong Sign => 1UL << (_fraction + _exponents);

    private ulong Infinity => Exponent((1 << _exponents) - 1);

    /// <summary>Of both signs, boxed if need be: zeros, subnormals, around one, the ends of the ranges of integers, infinities and NaNs of both kinds.</summary>
    public ulong[] Special()
    {
        ulong one = Exponent(Bias);
        ulong[] magnitudes =
        [
            0, 1, Exponent(1) - 1, Exponent(1), Exponent(Bias - 1), one - 1, one, one + 1, one | 1UL << (_fraction - 1), Exponent(Bias + 1), Exponent(Bias + _fraction) + 1,
            Exponent(Bias + 31) - 1, Exponent(Bias + 31), Exponent(Bias + 31) + 1, Exponent(Bias + 32) - 1, Exponent(Bias + 32), Exponent(Bias + 32) - (1UL << Math.Max(0, _fraction - 31)), Exponent(Bias + 63) - 1, Exponent(Bias + 63),
            Exponent(Bias + 63) + 1, Exponent(Bias + 64) - 1, Exponent(Bias + 64), Infinity - 1, Infinity, Infinity | 1, Infinity | 1UL << (_fraction - 1), Infinity | ((1UL << _fraction) - 1),
        ];
        return [.. magnitudes.Concat(magnitudes.Select(m => m | Sign)).Select(Boxed)];
    }

    /// <summary>The numbers among them that make and take infinities, zeros, subnormals and NaNs.</summary>
    public ulong[] Few()
    {
        ulong[] magnitudes =
            [0, 1, Exponent(1), Exponent(Bias), Exponent(Bias) + 1, Exponent(Bias / 2), Infinity - 1, Infinity, Infinity | 1, Infinity | 1UL << (_fraction - 1)];
        return [.. magnitudes.Concat(magnitudes.Select(m => m | Sign)).Select(Boxed)];
    }

    /// <summary>Any encoding: special, or with an exponent near that of one or of an integer, or any bits at all.</summary>
    public ulong Any() => random.Next(4) switch
    {
        0 => Special() is var special ? special[random.Next(special.Length)] : 0,
        1 => Boxed(Bits()),
        2 => Boxed(Near(random.Next(-3, 4))),
        _ => Boxed(Near(random.Next(-2, 67))),
    };

    private ulong Near(int exponent) => Exponent(Bias + exponent) | (Bits() & ((1UL << _fraction) - 1) & ~0UL << random.Next(_fraction)) | (Bits() & Sign);

    private ulong Exponent(int biased) => (ulong)biased << _fraction;

    private ulong Bits() => (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (Sign | (Sign - 1));

    private ulong Boxed(ulong bits) => type == IrType.F32 ? bits | Box : bits;
}
