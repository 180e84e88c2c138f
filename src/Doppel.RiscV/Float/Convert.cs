// Implements: conversions between formats and from integers, IEEE 754-2019, section 5.4.2 and 5.4.1 (convertFromInt).
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    /// <summary>fcvt between two floating-point formats. A NaN's payload is not carried over.</summary>
    public static ulong ConvertFormat<TFrom, TTo>(ulong a, RoundingMode rm, ref FloatFlags flags)
        where TFrom : struct, IBinaryFormat
        where TTo : struct, IBinaryFormat
    {
        Unpacked x = Unpacked.From<TFrom>(a);
        return x.Kind switch
        {
            FloatKind.Finite => Rounding.ToFormat<TTo>(x.Negative, x.Exponent, x.Significand, rm, ref flags),
            FloatKind.Zero => Layout<TTo>.Zero(x.Negative),
            FloatKind.Infinity => Layout<TTo>.Zero(x.Negative) | Layout<TTo>.Infinity,
            _ => PropagateNaN<TTo>(x, x, ref flags),
        };
    }

    /// <summary>fcvt from l; from w with the register's low half sign-extended.</summary>
    public static ulong FromInt64<TFormat>(long value, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        bool negative = value < 0;
        return FromMagnitude<TFormat>(negative, negative ? 0 - (ulong)value : (ulong)value, rm, ref flags);
    }

    /// <summary>fcvt from lu; from wu with the register's low half zero-extended.</summary>
    public static ulong FromUInt64<TFormat>(ulong value, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return FromMagnitude<TFormat>(false, value, rm, ref flags);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FromMagnitude<TFormat>(bool negative, ulong magnitude, RoundingMode rm, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (magnitude == 0)
        {
            return 0;
        }

        int shift = BitOperations.LeadingZeroCount(magnitude);
        return Rounding.ToFormat<TFormat>(negative, 63 - shift, magnitude << shift, rm, ref flags);
    }
}
