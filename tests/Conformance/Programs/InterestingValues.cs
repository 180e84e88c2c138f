namespace Doppel.Tests.Conformance.Programs;

/// <summary>Operands at the edges: where integers wrap, where floating-point formats change behaviour, and where NaN boxes are broken.</summary>
internal static class InterestingValues
{
    private static readonly ulong[] Integers =
    [
        0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe, 0xffffffff80000000, 0xffffffff7fffffff, 0xffffffffffff8000,
        0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x0123456789abcdef, 0x00ff00ff00ff00ff, 0x8000000080000000, 0x0101010101010101,
    ];

    private static readonly ulong[] Doubles =
    [
        0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x7fefffffffffffff, 0xffefffffffffffff,
        0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000001, 0xfff7ffffffffffff, 0x3ff0000000000000, 0xbff0000000000000,
        0x3fe0000000000000, 0xbfe0000000000000, 0x3ff8000000000000, 0x4000000000000000, 0x3fefffffffffffff, 0x3ff0000000000001, 0x41dfffffffc00000, 0x41e0000000000000,
        0xc1e0000000000000, 0xc1e0000000200000, 0x41efffffffe00000, 0x41f0000000000000, 0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0x43efffffffffffff, 0x43f0000000000000,
        0x47efffffe0000000, 0x47effffff0000000, 0x3810000000000000, 0x380fffffffffffff, 0x36a0000000000000, 0x3690000000000000, 0x40effc0000000000, 0x40effe0000000000, 0x3f10000000000000, 0x3e70000000000000,
    ];

    private static readonly uint[] Singles =
    [
        0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0xffbfffff,
        0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40000000, 0x3f7fffff, 0x3f800001, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000,
        0x5effffff, 0x5f000000, 0xdf000000, 0x5f7fffff, 0x5f800000, 0x477fe000, 0x477ff000, 0x38800000, 0x33800000, 0x33000000,
    ];

    private static readonly ushort[] Halves =
    [
        0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x8400, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x7c01, 0xfdff, 0x3c00, 0xbc00, 0x3800, 0xb800, 0x3e00, 0x4000, 0x3bff, 0x3c01, 0x7800, 0x5bf8,
    ];

    public static ulong Integer(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        1 => (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
        2 => (ulong)(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)),
        _ => Pick(random, Integers),
    };

    /// <summary>A value for a floating-point register: of any format, boxed properly or not.</summary>
    public static ulong Float(Random random) => random.Next(12) switch
    {
        0 or 1 => Pick(random, Doubles),
        2 or 3 => RandomDouble(random),
        4 or 5 => 0xffffffff00000000 | Pick(random, Singles),
        6 or 7 => 0xffffffff00000000 | RandomSingle(random),
        8 => 0xffffffffffff0000 | Pick(random, Halves),
        9 => 0xffffffffffff0000 | (ushort)random.Next(0x10000),
        10 => ((ulong)(uint)random.Next() << 32) | Pick(random, Singles), // no box
        _ => 0xffffffff00000000 | ((uint)random.Next(0xffff) << 16) | Pick(random, Halves), // boxed in 32 bits, broken in 16
    };

    // Exponents near each other, so that sums do not just return the larger operand; fractions that round.
    private static ulong RandomDouble(Random random)
    {
        ulong sign = (ulong)random.Next(2) << 63;
        ulong exponent = random.Next(8) switch { 0 => (ulong)random.Next(2048), 1 => (ulong)random.Next(1, 60), 2 => (ulong)random.Next(2046 - 60, 2047), _ => (ulong)random.Next(1023 - 70, 1023 + 70) };
        ulong fraction = (ulong)random.NextInt64(1L << 52);
        if (random.Next(3) == 0) fraction &= ulong.MaxValue << random.Next(52);
        if (random.Next(6) == 0) fraction |= (1UL << random.Next(52)) - 1;
        return sign | (exponent << 52) | fraction;
    }

    private static uint RandomSingle(Random random)
    {
        uint sign = (uint)random.Next(2) << 31;
        uint exponent = random.Next(8) switch { 0 => (uint)random.Next(256), 1 => (uint)random.Next(1, 30), 2 => (uint)random.Next(225, 255), _ => (uint)random.Next(127 - 35, 127 + 35) };
        uint fraction = (uint)random.Next(1 << 23);
        if (random.Next(3) == 0) fraction &= uint.MaxValue << random.Next(23);
        if (random.Next(6) == 0) fraction |= (1u << random.Next(23)) - 1;
        return sign | (exponent << 23) | fraction;
    }

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
