// Implements: comparisons, IEEE 754-2019, section 5.6.1; minimum and maximum, section 9.6, with RISC-V's NaNs and signed zeros
// (RISC-V unprivileged ISA, "F" and "Zfa" extensions).
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

internal static partial class FloatArithmetic
{
    /// <summary>feq: quiet, only a signaling NaN is invalid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Equal<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return !UnorderedQuiet<TFormat>(a, b, ref flags) && (a == b || ((a | b) & ~Layout<TFormat>.SignBit) == 0);
    }

    /// <summary>flt: any NaN is invalid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Less<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return !UnorderedSignaling<TFormat>(a, b, ref flags) && Ordered<TFormat>(a) < Ordered<TFormat>(b);
    }

    /// <summary>fle: any NaN is invalid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool LessOrEqual<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return !UnorderedSignaling<TFormat>(a, b, ref flags) && Ordered<TFormat>(a) <= Ordered<TFormat>(b);
    }

    /// <summary>fltq (Zfa): <see cref="Less"/>, but quiet.</summary>
    public static bool LessQuiet<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return !UnorderedQuiet<TFormat>(a, b, ref flags) && Ordered<TFormat>(a) < Ordered<TFormat>(b);
    }

    /// <summary>fleq (Zfa): <see cref="LessOrEqual"/>, but quiet.</summary>
    public static bool LessOrEqualQuiet<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return !UnorderedQuiet<TFormat>(a, b, ref flags) && Ordered<TFormat>(a) <= Ordered<TFormat>(b);
    }

    /// <summary>fmin: IEEE 754-2019 minimumNumber. A NaN gives way to a number; −0 is less than +0.</summary>
    public static ulong MinimumNumber<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return UnorderedQuiet<TFormat>(a, b, ref flags) ? TheNumber<TFormat>(a, b) : Smaller<TFormat>(a, b);
    }

    /// <summary>fmax: IEEE 754-2019 maximumNumber.</summary>
    public static ulong MaximumNumber<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return UnorderedQuiet<TFormat>(a, b, ref flags) ? TheNumber<TFormat>(a, b) : Larger<TFormat>(a, b);
    }

    /// <summary>fminm (Zfa): IEEE 754-2019 minimum. Any NaN makes the result a NaN.</summary>
    public static ulong Minimum<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return UnorderedQuiet<TFormat>(a, b, ref flags) ? Layout<TFormat>.CanonicalNaN : Smaller<TFormat>(a, b);
    }

    /// <summary>fmaxm (Zfa): IEEE 754-2019 maximum.</summary>
    public static ulong Maximum<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return UnorderedQuiet<TFormat>(a, b, ref flags) ? Layout<TFormat>.CanonicalNaN : Larger<TFormat>(a, b);
    }

    /// <summary>An integer that orders as the numbers do; both zeros are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Ordered<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        long magnitude = (long)(bits & ~Layout<TFormat>.SignBit);
        return (bits & Layout<TFormat>.SignBit) != 0 ? -magnitude : magnitude;
    }

    private static ulong Smaller<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        long x = Ordered<TFormat>(a);
        long y = Ordered<TFormat>(b);
        return x == y ? a | b : x < y ? a : b; // equal encodings, or zeros of which one may be negative
    }

    private static ulong Larger<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        long x = Ordered<TFormat>(a);
        long y = Ordered<TFormat>(b);
        return x == y ? a & b : x > y ? a : b;
    }

    private static ulong TheNumber<TFormat>(ulong a, ulong b)
        where TFormat : struct, IBinaryFormat
    {
        return !Layout<TFormat>.IsNaN(a) ? a : !Layout<TFormat>.IsNaN(b) ? b : Layout<TFormat>.CanonicalNaN;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool UnorderedQuiet<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsNaN(a) && !Layout<TFormat>.IsNaN(b))
        {
            return false;
        }

        if (Layout<TFormat>.IsSignalingNaN(a) || Layout<TFormat>.IsSignalingNaN(b))
        {
            flags |= FloatFlags.Invalid;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool UnorderedSignaling<TFormat>(ulong a, ulong b, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        if (!Layout<TFormat>.IsNaN(a) && !Layout<TFormat>.IsNaN(b))
        {
            return false;
        }

        flags |= FloatFlags.Invalid;
        return true;
    }
}
