using System.Text;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>Random page tables of Sv39, Sv48 and Sv57 and one access through them; the entries are logged afterwards.</summary>
internal static class PagingCases
{
    private const ulong V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128, N = 1UL << 63;

    public static MachineCase Next(Random random)
    {
        int levels = random.Next(3, 6);
        char mode = "SU"[random.Next(2)];
        bool user = mode == 'U';
        int leafLevel = random.Next(4) switch { 0 => random.Next(levels), 1 => 1, _ => 0 };
        ulong data = MachineProgram.Data + ((ulong)random.Next(15) << 12);

        // The identity mapping of RAM, for the stub itself, is entry 2 of the gigapage level; the tested address is elsewhere.
        var numbers = new int[levels];
        for (int i = 0; i < levels; i++) numbers[i] = random.Next(512);
        numbers[levels - 1] = random.Next(4) == 0 ? 0x1ff : random.Next(4, 0x200);
        ulong offset = (ulong)(random.Next(500) * 8);
        if (random.Next(8) == 0) offset += (ulong)random.Next(8); // misaligned, also across pages
        if (random.Next(16) == 0) offset = 0xffc;

        // An instruction that begins in one page and ends in the next, wherever that is.
        bool across = random.Next(8) == 0;
        if (across) offset = 0xffe;

        ulong size = 1UL << (12 + (9 * leafLevel));
        ulong physical = data & ~(size - 1);
        ulong address = (data & (size - 1)) + offset;
        for (int i = leafLevel; i < levels; i++) address |= (ulong)numbers[i] << (12 + (9 * i));
        int unused = 64 - (12 + (9 * levels));
        address = (ulong)((long)address << unused >> unused);
        if (random.Next(24) == 0) address ^= 1UL << random.Next(64 - unused, 64); // not canonical

        ulong leaf = V | R | W | X | A | D | (user ? U : 0) | (physical >> 2);
        int mutations = random.Next(4);
        for (int i = 0; i < mutations; i++) leaf = Mutate(random, leaf, leafLevel);
        ulong pointer = V;
        if (random.Next(12) == 0) pointer = Mutate(random, pointer | 0, 9) & (V | U | A | D | N | (3UL << 61) | (0x7fUL << 54));

        // ADUE, PBMTE; SUM, MXR; MPRV.
        ulong environment = ((ulong)random.Next(2) << 61) | ((ulong)random.Next(2) << 62);
        ulong status = (ulong)random.Next(4) << 18;
        bool fromMachine = random.Next(6) == 0;
        string kind = Pick(random, "ld a0, 0(a2)", "ld a0, 0(a2)", "sd a3, 0(a2)", "sd a3, 0(a2)", "jr a2", "lr.d a0, (a2)", "amoadd.d a0, a3, (a2)", "fld fa0, 0(a2); fmv.x.d a0, fa0", "lbu a0, 0(a2)", "cbo.zero (a2)", "cbo.inval (a2)", "cbo.clean (a2)", "lw a0, 0(a2)", "sh a3, 0(a2)");
        if (across) kind = "jr a2";
        if (fromMachine && kind == "jr a2") fromMachine = false;

        // QEMU reports misaligned AMOs as loads and sets A although the store faults (which is allowed), aligns the address that a cache-block instruction reports, sets A and D before it finds a NAPOT size reserved,
        // and takes the reserved memory type 3 (a page fault by Svpbmt) for a valid one.
        if (kind[0] == 'a') (address, leaf) = (address & ~7UL, leaf | A);
        if (kind[0] == 'c') address &= ~63UL;
        if ((leaf & N) != 0 && (leafLevel != 0 || (leaf >> 10 & 15) != 8)) leaf |= A | D;
        if ((leaf >> 61 & 3) == 3) leaf &= ~(1UL << 61);

        var setup = new StringBuilder();
        if (across) setup.Append($"li t1, 0x{data + 0xffe:x}; li t0, 0x73; sh t0, 0(t1); fence.i");
        ulong identity = V | R | W | X | A | D | (user ? U : 0) | (0x8000_0000UL >> 2);

        // Tables 0 … levels−1 lead to the address; the identity mapping hangs below the root too, by table 5 where there are more than three levels.
        int gigapage = levels - 3;
        if (gigapage == 0)
        {
            Store(setup, Table(0) + 16, identity);
        }
        else
        {
            // Entry 0 of the root leads to further tables: 5 holds the gigapage; with five levels a table between is needed, its own entry 0.
            ulong next = levels == 4 ? Table(5) : Table(5) + 0; // one page serves both: entry 0 is a pointer to itself, entry 2 the gigapage
            Store(setup, Table(0), V | (next >> 2));
            if (levels == 5) Store(setup, Table(5), V | (Table(5) >> 2));
            Store(setup, Table(5) + 16, identity);
        }

        int table = 0;
        var entries = new List<ulong>();
        for (int level = levels - 1; level > leafLevel; level--)
        {
            ulong entry = pointer | (Table(table + 1) >> 2);
            if (level != leafLevel + 1 && pointer != V && random.Next(2) == 0) entry = V | (Table(table + 1) >> 2);
            Store(setup, Table(table) + ((ulong)numbers[level] * 8), entry);
            entries.Add(Table(table) + ((ulong)numbers[level] * 8));
            table++;
        }

        ulong leafAddress = Table(table) + ((ulong)numbers[leafLevel] * 8);
        Store(setup, leafAddress, leaf);

        // A page further on for accesses that cross.
        if (leafLevel == 0 && numbers[0] < 511) Store(setup, leafAddress + 8, (leaf & 0x3ff) | ((MachineProgram.Data + 0xf000) >> 2) | (random.Next(2) == 0 ? 0UL : R));
        ulong satp = ((ulong)(levels + 5) << 60) | (Table(0) >> 12);
        setup.Append(
            $"""

            li t0, {(long)environment}
            csrw menvcfg, t0
            li t0, 0xd0
            csrs menvcfg, t0
            csrw senvcfg, t0
            li t0, {(long)satp}
            csrw satp, t0
            sfence.vma
            li t0, {status}
            csrs mstatus, t0
            li a2, {(long)address}
            li a3, 0x1234567
            """);
        string stub = kind;
        if (fromMachine)
        {
            // The access as the mode that MPP names.
            stub = $"li t0, 0x1800; csrc mstatus, t0; li t0, {0x20000 | (user ? 0 : 0x800)}; csrs mstatus, t0; {kind}; li t0, 0x20000; csrc mstatus, t0";
        }

        string after =
            $"""
            li t0, 0x{leafAddress:x}
            ld t1, 0(t0)
            sd t1, 0(t5)
            ld t1, 8(t0)
            sd t1, 8(t5)
            li t0, 0x{data + (offset & 0xff8):x}
            ld t1, 0(t0)
            sd t1, 16(t5)
            ld t1, 8(t0)
            sd t1, 24(t5)
            li t1, {(long)MachineProgram.DataWord}
            sd t1, 0(t0)
            sd t1, 8(t0)
            """;
        return new($"{(fromMachine ? "M as " : "")}{mode}: {kind} at 0x{address:x}, Sv{12 + (9 * levels)}, leaf 0x{leaf:x} at level {leafLevel}, pointers {pointer:x}, mstatus |= {status:x}, menvcfg {environment:x}", setup.ToString(), fromMachine ? 'M' : mode, stub, after);
    }

    private static ulong Table(int number) => MachineProgram.Tables + ((ulong)number << 12);

    private static void Store(StringBuilder text, ulong address, ulong value) => text.Append($"\nli t1, 0x{address:x}\nli t0, {(long)value}\nsd t0, 0(t1)");

    private static ulong Mutate(Random random, ulong entry, int level) => random.Next(14) switch
    {
        0 => entry ^ V,
        1 => entry ^ R,
        2 => entry ^ W,
        3 => entry ^ X,
        4 => entry ^ U,
        5 => entry ^ G,
        6 or 7 => entry ^ A,
        8 or 9 => entry ^ D,
        10 => entry ^ (1UL << random.Next(54, 61)),
        11 => entry ^ (1UL << random.Next(61, 63)),
        12 => entry ^ N ^ (level == 0 && random.Next(3) != 0 ? 8UL << 10 : 0),
        _ => level is > 0 and < 9 ? entry ^ (1UL << (10 + random.Next(9 * level))) : entry ^ (3UL << 8),
    };

    private static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];
}
