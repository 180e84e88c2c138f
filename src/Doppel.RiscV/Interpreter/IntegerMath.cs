using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Interpreter;

/// <summary>Integer operations that C# has no operator for, with RISC-V's results where C# would throw.</summary>
internal static class IntegerMath
{
    public static ulong Div(long a, long b) => b == 0 ? ulong.MaxValue : b == -1 ? (ulong)(0 - a) : (ulong)(a / b);

    public static ulong Divu(ulong a, ulong b) => b == 0 ? ulong.MaxValue : a / b;

    public static ulong Rem(long a, long b) => b == 0 ? (ulong)a : b == -1 ? 0 : (ulong)(a % b);

    public static ulong Remu(ulong a, ulong b) => b == 0 ? a : a % b;

    public static ulong Divw(int a, int b) => b == 0 ? ulong.MaxValue : b == -1 ? Sext(0 - (uint)a) : Sext((uint)(a / b));

    public static ulong Divuw(uint a, uint b) => b == 0 ? ulong.MaxValue : Sext(a / b);

    public static ulong Remw(int a, int b) => b == 0 ? Sext((uint)a) : b == -1 ? 0 : Sext((uint)(a % b));

    public static ulong Remuw(uint a, uint b) => Sext(b == 0 ? a : a % b);

    public static ulong Mulhsu(long a, ulong b) => Math.BigMul((ulong)a, b, out _) - (a < 0 ? b : 0);

    /// <summary>Sign-extends a 32-bit result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sext(uint value) => (ulong)(int)value;

    /// <summary>orc.b: every byte that is not zero becomes all ones.</summary>
    public static ulong OrCombine(ulong value)
    {
        const ulong Low = 0x7f7f_7f7f_7f7f_7f7f;
        ulong nonZero = (((value & Low) + Low) | value) & ~Low;
        return (nonZero >> 7) * 0xff;
    }

    /// <summary>brev8: the bits of every byte in reverse.</summary>
    public static ulong ReverseBitsInBytes(ulong value)
    {
        value = (value >> 1 & 0x5555_5555_5555_5555) | (value & 0x5555_5555_5555_5555) << 1;
        value = (value >> 2 & 0x3333_3333_3333_3333) | (value & 0x3333_3333_3333_3333) << 2;
        return (value >> 4 & 0x0f0f_0f0f_0f0f_0f0f) | (value & 0x0f0f_0f0f_0f0f_0f0f) << 4;
    }

    /// <summary>The low half of the carry-less product.</summary>
    public static ulong Clmul(ulong a, ulong b)
    {
        ulong result = 0;
        for (; b != 0; b &= b - 1) result ^= a << BitOperations.TrailingZeroCount(b);
        return result;
    }

    /// <summary>The high half of the carry-less product.</summary>
    public static ulong Clmulh(ulong a, ulong b)
    {
        ulong result = 0;
        for (b &= ~1UL; b != 0; b &= b - 1) result ^= a >> (64 - BitOperations.TrailingZeroCount(b));
        return result;
    }

    /// <summary>Bits 126–63 of the carry-less product.</summary>
    public static ulong Clmulr(ulong a, ulong b) => Clmulh(a, b) << 1 | Clmul(a, b) >> 63;
}
