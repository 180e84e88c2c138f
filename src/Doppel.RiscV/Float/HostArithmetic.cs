using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Doppel.RiscV.Float;

/// <summary>
/// The host's own binary32 and binary64 arithmetic, for the operations where its result and the flags are known to be the same.
/// .NET computes both formats in IEEE 754 arithmetic, to nearest even, without wider intermediates; what it does not give is the flags.
/// So the host is asked only to nearest even and when NX is set already, which leaves NV, DZ, OF and UF; every result
/// that could carry one of those, or a NaN whose payload is the host's, is refused and left to the integer arithmetic.
/// </summary>
internal static class HostArithmetic
{
    private const ulong Exponent64 = 0x7FF0_0000_0000_0000;
    private const uint Exponent32 = 0x7F80_0000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Applies<TFormat>(RoundingMode rm, FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        return typeof(TFormat) != typeof(Binary16) && rm == RoundingMode.Rne && (flags & FloatFlags.Inexact) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAdd<TFormat>(ulong a, ulong b, out ulong result)
        where TFormat : struct, IBinaryFormat
    {
        // A finite sum raises at most NX: sums in the subnormal range are exact.
        if (typeof(TFormat) == typeof(Binary64))
        {
            result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) + BitConverter.UInt64BitsToDouble(b));
            return IsFinite64(result);
        }

        result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((uint)a) + BitConverter.UInt32BitsToSingle((uint)b));
        return IsFinite32((uint)result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryMultiply<TFormat>(ulong a, ulong b, out ulong result)
        where TFormat : struct, IBinaryFormat
    {
        if (typeof(TFormat) == typeof(Binary64))
        {
            result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) * BitConverter.UInt64BitsToDouble(b));
            return IsWellInside64(result);
        }

        result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((uint)a) * BitConverter.UInt32BitsToSingle((uint)b));
        return IsWellInside32((uint)result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDivide<TFormat>(ulong a, ulong b, out ulong result)
        where TFormat : struct, IBinaryFormat
    {
        if (typeof(TFormat) == typeof(Binary64))
        {
            result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) / BitConverter.UInt64BitsToDouble(b));
            return IsWellInside64(result);
        }

        result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle((uint)a) / BitConverter.UInt32BitsToSingle((uint)b));
        return IsWellInside32((uint)result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySquareRoot<TFormat>(ulong a, out ulong result)
        where TFormat : struct, IBinaryFormat
    {
        // A square root is never tiny and never overflows; an invalid one is a NaN and refused.
        if (typeof(TFormat) == typeof(Binary64))
        {
            result = BitConverter.DoubleToUInt64Bits(Math.Sqrt(BitConverter.UInt64BitsToDouble(a)));
            return IsFinite64(result);
        }

        result = BitConverter.SingleToUInt32Bits(MathF.Sqrt(BitConverter.UInt32BitsToSingle((uint)a)));
        return IsFinite32((uint)result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFusedMultiplyAdd<TFormat>(ulong a, ulong b, ulong c, out ulong result)
        where TFormat : struct, IBinaryFormat
    {
        // Only where it is one instruction: a C library's emulation is neither faster nor beyond doubt.
        if (!Fma.IsSupported && !AdvSimd.IsSupported)
        {
            result = 0;
            return false;
        }

        if (typeof(TFormat) == typeof(Binary64))
        {
            result = BitConverter.DoubleToUInt64Bits(Math.FusedMultiplyAdd(
                BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b), BitConverter.UInt64BitsToDouble(c)));
            return IsWellInside64(result);
        }

        result = BitConverter.SingleToUInt32Bits(MathF.FusedMultiplyAdd(
            BitConverter.UInt32BitsToSingle((uint)a), BitConverter.UInt32BitsToSingle((uint)b), BitConverter.UInt32BitsToSingle((uint)c)));
        return IsWellInside32((uint)result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFinite64(ulong bits) => (bits & Exponent64) != Exponent64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFinite32(uint bits) => (bits & Exponent32) != Exponent32;

    /// <summary>
    /// Finite, and at least twice the smallest normal number, so that no tiny value was rounded into it. (No operation delivers such a result
    /// from an infinite operand.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWellInside64(ulong bits) => ((bits >> 52) & 0x7FF) - 2 < 0x7FF - 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWellInside32(uint bits) => ((bits >> 23) & 0xFF) - 2 < 0xFF - 2;
}
