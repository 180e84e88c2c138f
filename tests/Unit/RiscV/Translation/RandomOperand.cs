namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>Register values at the edges: where integers wrap, where floating-point formats change behaviour, and where NaN boxes are broken.</summary>
internal static class RandomOperand
{
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, long.MaxValue, 1UL << 63,
        ulong.MaxValue, ulong.MaxValue - 1, 0xffffffff80000000, 0xffffffff7fffffff, 0x00ff00ff00ff00ff, 0x8000000080000000,
    ];

    private static readonly ulong[] Doubles =
    [
        0, 1, 0x8000000000000000, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
        0xfff8000000000001, 0x7ff0000000000001, 0x3ff0000000000000, 0xbff0000000000000, 0x3fe0000000000000, 0x3ff8000000000000, 0xc004000000000000,
        0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000, 0x41f0000000000000, 0x43dfffffffffffff, 0x43e0000000000000,
        0xc3e0000000000000, 0x43efffffffffffff, 0x43f0000000000000, 0x47efffffe0000000, 0x3810000000000000, 0x36a0000000000000,
    ];

    private static readonly uint[] Singles =
    [
        0, 1, 0x80000000, 0x807fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x3f800000, 0xbf800000, 0x3f000000,
        0x3fc00000, 0xc0200000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x33800000,
    ];

    public static ulong Integer(Random random) => random.Next(3) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
        1 => (ulong)(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)),
        _ => Edges[random.Next(Edges.Length)],
    };

    public static ulong Float(Random random) => random.Next(8) switch
    {
        0 => Doubles[random.Next(Doubles.Length)],
        1 => (ulong)BitConverter.DoubleToInt64Bits(Magnitude(random)),
        2 or 3 => 0xffffffff00000000 | Singles[random.Next(Singles.Length)],
        4 or 5 => 0xffffffff00000000 | BitConverter.SingleToUInt32Bits((float)Magnitude(random)),
        6 => 0xffffffffffff0000 | (ulong)random.Next(0x10000),
        _ => ((ulong)(uint)random.Next() << 32) | Singles[random.Next(Singles.Length)], // no box
    };

    private static double Magnitude(Random random) => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-30, 66));
}
