using System.Text;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>Random physical memory protection, and one access near the borders of its regions.</summary>
internal static class PmpCases
{
    private const int Entries = 3;

    public static MachineCase Next(Random random)
    {
        var addresses = new ulong[Entries];
        ulong config = 0x1fUL << (8 * Entries); // the last entry allows all that is left
        var borders = new List<ulong> { MachineProgram.Data };
        for (int i = 0; i < Entries; i++)
        {
            int permissions = random.Next(8);
            if ((permissions & 3) == 2) permissions |= 1; // W without R is reserved
            int matching = random.Next(5) switch { 0 => 0, 1 => 1, 2 => 2, _ => 3 };
            ulong address = MachineProgram.Data + ((ulong)random.Next(0x2000) & ~3UL);
            int size = 3;
            if (matching == 3)
            {
                size = random.Next(3) == 0 ? random.Next(3, 17) : random.Next(3, 13);
                address &= ~((1UL << size) - 1);
            }

            borders.Add(address);
            if (matching == 3) borders.Add(address + (1UL << size));
            addresses[i] = (address >> 2) | (matching == 3 ? (1UL << (size - 3)) - 1 : 0);
            config |= (ulong)(permissions | (matching << 3)) << (8 * i);
        }

        ulong target = borders[random.Next(borders.Count)] + (ulong)random.Next(-9, 9);
        target = Math.Clamp(target, MachineProgram.Data - 9, MachineProgram.Data + 0xfe00);
        string kind = Pick(random, "lb a0, 0(a2)", "lhu a0, 0(a2)", "lw a0, 0(a2)", "ld a0, 0(a2)", "sb a3, 0(a2)", "sh a3, 0(a2)", "sw a3, 0(a2)", "sd a3, 0(a2)", "jr a2", "lr.w a0, (a2)", "amoadd.w a0, a3, (a2)");

        // Misaligned accesses may be split, and then each part is checked alone: nothing to compare.
        target &= kind[..2] switch { "lb" or "sb" => ~0UL, "lh" or "sh" => ~1UL, "ld" or "sd" or "jr" => ~7UL, _ => ~3UL };

        char mode = "MSU"[random.Next(3)];
        bool modified = mode == 'M' && random.Next(2) == 0 && kind != "jr a2";
        string stub = modified ? $"li t0, 0x1800; csrc mstatus, t0; li t0, 0x20000; csrs mstatus, t0; {kind}; csrc mstatus, t0" : kind;
        var setup = new StringBuilder($"csrw pmpcfg0, zero; li t0, {(1L << 54) - 1}; csrw pmpaddr{Entries}, t0");
        for (int i = 0; i < Entries; i++) setup.Append($"; li t0, {addresses[i]}; csrw pmpaddr{i}, t0");
        setup.Append($"; li t0, {(long)config}; csrw pmpcfg0, t0; sfence.vma; li a2, 0x{target:x}; li a3, -1; csrwi menvcfg, 0; li t0, 0xd0; csrs menvcfg, t0; csrw senvcfg, t0");
        string after = $"""
            csrw pmpcfg0, zero          # an access that matches an entry only partly fails in M-mode too
            li t0, 0x{target & ~7UL:x}
            ld t1, 0(t0)
            sd t1, 0(t5)
            ld t1, 8(t0)
            sd t1, 8(t5)
            li t1, {(long)MachineProgram.DataWord}
            li t2, 0x{target & ~63UL:x}

            """ + string.Join("\n", Enumerable.Range(0, 16).Select(i => $"sd t1, {i * 8}(t2)"));
        return new($"{(modified ? "M as U" : mode)}: {kind} at 0x{target:x}, pmpcfg0 0x{config:x}, pmpaddr {string.Join(' ', addresses.Select(a => a.ToString("x")))}", setup.ToString(), mode, stub, after);
    }

    private static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];
}
