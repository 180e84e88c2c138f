using Doppel.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.Ir.Generation;

/// <summary>Random numbers that are likely to matter, and the state that a random region starts with.</summary>
internal static class RandomValues
{
    /// <summary>Addresses so far apart have the same entry of a backend's table of pages.</summary>
    private const int AliasBytes = X64Target.TlbEntries << 12;

    private static readonly ulong[] Doubles =
    [
        0, 0x8000_0000_0000_0000, 1, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000, 0x3fe0_0000_0000_0000,
        0x4000_0000_0000_0000, 0x43e0_0000_0000_0000, 0xc3e0_0000_0000_0000, 0x43f0_0000_0000_0000, 0x41e0_0000_0000_0000, 0x41ef_ffff_ffe0_0000,
        0x7fef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0xfff8_0000_0000_1234,
        0x3690_0000_0000_0000, 0x47ef_ffff_f000_0000, 0x3810_0000_0000_0000,
    ];

    private static readonly uint[] Singles =
    [
        0, 0x8000_0000, 1, 0x007f_ffff, 0x0080_0000, 0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0x4000_0000, 0x4f00_0000, 0xcf00_0000, 0x5f00_0000, 0xdf00_0000,
        0x5f80_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7f80_0001, 0xffc0_1234,
    ];

    public static long Integer(Random random)
    {
        long power = 1L << random.Next(64);
        return random.Next(8) switch
        {
            0 => random.Next(-2, 3),
            1 => random.Next(-2048, 2048),
            2 => power,
            3 => power - 1,
            4 => -power,
            5 => random.Next(),
            6 => (int)random.NextInt64(),
            _ => random.NextInt64(long.MinValue, long.MaxValue),
        };
    }

    /// <summary>The 64 bits of a floating-point register: a double, a boxed single, or neither.</summary>
    public static ulong Float(Random random)
    {
        const ulong boxes = 0xffff_ffff_0000_0000;
        return random.Next(8) switch
        {
            0 or 1 => Doubles[random.Next(Doubles.Length)],
            2 => BitConverter.DoubleToUInt64Bits(random.Next(-1000, 1000) / 8.0),
            3 => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-70, 70))),
            4 or 5 => boxes | Singles[random.Next(Singles.Length)],
            6 => boxes | BitConverter.SingleToUInt32Bits((float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-40, 40)))),
            _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        };
    }

    /// <summary>Fills the slots of a plan.</summary>
    public static void Fill(Random random, RegionPlan plan, Span<ulong> slots)
    {
        foreach (int slot in plan.Integers)
        {
            bool address = random.Next(4) == 0;
            if (plan.Hostile && random.Next(2) == 0) slots[slot] = HostileAddress(random, plan);
            else slots[slot] = address ? plan.MemoryStart + (ulong)random.Next(plan.MemorySize / 8) * 8 : (ulong)Integer(random);
        }

        foreach (int slot in plan.Floats) slots[slot] = Float(random);
        slots[plan.PcSlot] = (ulong)random.NextInt64() & ~0xfffUL;
    }

    /// <summary>A displacement of 32 bits that may lead far away, or around a page's edge.</summary>
    public static int HostileDisplacement(Random random) => random.Next(6) switch
    {
        0 => int.MinValue + random.Next(16),
        1 => int.MaxValue - random.Next(16),
        2 => (random.Next(-3, 4) * 4096) + random.Next(-8, 9),
        3 => (int)Integer(random),
        _ => random.Next(-16, 17),
    };

    /// <summary>An address at an edge: of RAM, of a page, of the address space; or one from which an extreme displacement leads to RAM.</summary>
    private static ulong HostileAddress(Random random, RegionPlan plan)
    {
        ulong near = (ulong)random.Next(-16, 17);
        ulong page = plan.MemoryStart + ((ulong)random.Next((plan.MemorySize / 4096) + 1) << 12) + near;
        return random.Next(8) switch
        {
            0 => near,
            1 => plan.MemoryStart + (ulong)plan.MemorySize + near,
            2 => page - (ulong)HostileDisplacement(random),
            3 => page ^ (1UL << random.Next(64)),
            4 => page + ((ulong)AliasBytes << random.Next(4)),
            _ => page,
        };
    }
}
