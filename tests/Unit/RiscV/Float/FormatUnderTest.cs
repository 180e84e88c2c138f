using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>One format's arithmetic behind virtual calls, so that one test body serves all three.</summary>
internal abstract class FormatUnderTest(int precision, int exponentBits)
{
    public static readonly RoundingMode[] Modes = Enum.GetValues<RoundingMode>();

    public int Precision { get; } = precision;

    public int ExponentBits { get; } = exponentBits;

    public int Width => Precision + ExponentBits;

    public ulong SignBit => 1UL << (Width - 1);

    public ulong Infinity => ((1UL << ExponentBits) - 1) << (Precision - 1);

    public ulong QuietNaN => Infinity | (1UL << (Precision - 2));

    public ulong SignalingNaN => Infinity | 1;

    public ulong MaxFinite => Infinity - 1;

    public ulong MinNormal => 1UL << (Precision - 1);

    public ulong One => ((1UL << (ExponentBits - 1)) - 1) << (Precision - 1);

    public static FormatUnderTest Of(int width) => width switch
    {
        16 => new FormatUnderTest<Binary16>(),
        32 => new FormatUnderTest<Binary32>(),
        64 => new FormatUnderTest<Binary64>(),
        _ => throw new ArgumentOutOfRangeException(nameof(width)),
    };

    public bool IsNaN(ulong bits) => (bits & ~SignBit) > Infinity;

    public bool IsSignaling(ulong bits) => IsNaN(bits) && (bits & (MinNormal >> 1)) == 0;

    public bool IsInfinite(ulong bits) => (bits & ~SignBit) == Infinity;

    public bool IsFinite(ulong bits) => (bits & ~SignBit) < Infinity;

    public bool IsZero(ulong bits) => (bits & ~SignBit) == 0;

    public bool IsNegative(ulong bits) => (bits & SignBit) != 0;

    public abstract ulong Apply(FloatOperation operation, ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags);

    public abstract ulong ToInteger(int bits, bool signed, ulong a, RoundingMode rm, ref FloatFlags flags);

    public abstract ulong FromInteger(bool signed, ulong value, RoundingMode rm, ref FloatFlags flags);

    public abstract ulong ConvertTo(int width, ulong a, RoundingMode rm, ref FloatFlags flags);

    public abstract ulong RoundToIntegral(ulong a, RoundingMode rm, bool raiseInexact, ref FloatFlags flags);
}

/// <inheritdoc/>
internal sealed class FormatUnderTest<TFormat>() : FormatUnderTest(TFormat.Precision, TFormat.ExponentBits)
    where TFormat : struct, IBinaryFormat
{
    public override ulong Apply(FloatOperation operation, ulong a, ulong b, ulong c, RoundingMode rm, ref FloatFlags flags) => operation switch
    {
        FloatOperation.Add => FloatArithmetic.Add<TFormat>(a, b, rm, ref flags),
        FloatOperation.Subtract => FloatArithmetic.Subtract<TFormat>(a, b, rm, ref flags),
        FloatOperation.Multiply => FloatArithmetic.Multiply<TFormat>(a, b, rm, ref flags),
        FloatOperation.Divide => FloatArithmetic.Divide<TFormat>(a, b, rm, ref flags),
        FloatOperation.SquareRoot => FloatArithmetic.SquareRoot<TFormat>(a, rm, ref flags),
        FloatOperation.MultiplyAdd => FloatArithmetic.MultiplyAdd<TFormat>(a, b, c, rm, ref flags),
        FloatOperation.MultiplySubtract => FloatArithmetic.MultiplySubtract<TFormat>(a, b, c, rm, ref flags),
        FloatOperation.NegatedMultiplySubtract => FloatArithmetic.NegatedMultiplySubtract<TFormat>(a, b, c, rm, ref flags),
        _ => FloatArithmetic.NegatedMultiplyAdd<TFormat>(a, b, c, rm, ref flags),
    };

    public override ulong ToInteger(int bits, bool signed, ulong a, RoundingMode rm, ref FloatFlags flags) => (bits, signed) switch
    {
        (32, true) => FloatArithmetic.ToInt32<TFormat>(a, rm, ref flags),
        (32, false) => FloatArithmetic.ToUInt32<TFormat>(a, rm, ref flags),
        (64, true) => FloatArithmetic.ToInt64<TFormat>(a, rm, ref flags),
        _ => FloatArithmetic.ToUInt64<TFormat>(a, rm, ref flags),
    };

    public override ulong FromInteger(bool signed, ulong value, RoundingMode rm, ref FloatFlags flags) => signed
        ? FloatArithmetic.FromInt64<TFormat>((long)value, rm, ref flags)
        : FloatArithmetic.FromUInt64<TFormat>(value, rm, ref flags);

    public override ulong ConvertTo(int width, ulong a, RoundingMode rm, ref FloatFlags flags) => width switch
    {
        16 => FloatArithmetic.ConvertFormat<TFormat, Binary16>(a, rm, ref flags),
        32 => FloatArithmetic.ConvertFormat<TFormat, Binary32>(a, rm, ref flags),
        _ => FloatArithmetic.ConvertFormat<TFormat, Binary64>(a, rm, ref flags),
    };

    public override ulong RoundToIntegral(ulong a, RoundingMode rm, bool raiseInexact, ref FloatFlags flags) =>
        FloatArithmetic.RoundToIntegral<TFormat>(a, rm, raiseInexact, ref flags);
}
