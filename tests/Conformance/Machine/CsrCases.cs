using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>Accesses to every CSR number from every mode.</summary>
internal static class CsrCases
{
    /// <summary>Reads of all 4,096 numbers from one mode: which are legal, and what is in them.</summary>
    public static IEnumerable<MachineCase> Reads(char mode, int first, int count)
    {
        for (int csr = first; csr < first + count; csr++)
        {
            if (Excluded(csr)) continue;
            string hide = Unsteady(csr) ? "; li a0, 0" : "";
            yield return new($"{mode}: read {CsrNames.Of(csr)}", "li a0, 0x123", mode, $"csrr a0, 0x{csr:x}{hide}");
        }
    }

    /// <summary>A random write, and what can be read afterwards.</summary>
    public static MachineCase Write(Random random)
    {
        while (true)
        {
            int csr = CsrNames.Known.Keys.ElementAt(random.Next(CsrNames.Known.Count));
            if (Excluded(csr) || Unsteady(csr) || CsrNames.Of(csr) is "mtvec" or "stimecmp" or "mcountinhibit") continue;
            ulong value = InterestingValues.Integer(random);
            value &= Comparable(CsrNames.Of(csr));
            char mode = random.Next(3) == 0 ? 'S' : random.Next(8) == 0 ? 'U' : 'M';
            string op = random.Next(4) switch { 0 => "csrrs", 1 => "csrrc", _ => "csrrw" };

            if (CsrNames.Of(csr).StartsWith("pmpcfg", StringComparison.Ordinal)) op = "csrrw";

            // A root table outside of memory is an access fault; QEMU says page fault.
            if (CsrNames.Of(csr) == "satp") mode = 'M';
            if (CsrNames.Of(csr) is "mstatus" or "sstatus" && op == "csrrw") value |= 0xa_0000_0000;
            string access = random.Next(5) == 0 && CsrNames.Of(csr) is not ("stvec" or "mstatus" or "sstatus" or "mepc" or "sepc" or "menvcfg" or "senvcfg" or "mcounteren" or "scounteren") ? $"{op}i a0, 0x{csr:x}, {(ulong)random.Next(32) & Comparable(CsrNames.Of(csr))}" : $"{op} a0, 0x{csr:x}, a1";
            return new($"{mode}: {access} with a1 = 0x{value:x} ({CsrNames.Of(csr)})", $"li a1, {(long)value}", mode, $"{access}; csrr a1, 0x{csr:x}");
        }
    }

    /// <summary>Counters run, at a speed that is nobody's business.</summary>
    private static bool Unsteady(int csr) => CsrNames.Of(csr) is "cycle" or "time" or "instret" or "mcycle" or "minstret";

    /// <summary>The bits in which both machines have the same fields.</summary>
    private static ulong Comparable(string name) => name switch
    {
        // Locking would outlive the case; bits 6 and 5 are reserved, and so is W without R: QEMU keeps what is written.
        _ when name.StartsWith("pmpcfg", StringComparison.Ordinal) => 0x1d1d1d1d1d1d1d1d,

        // Bits 63–54 do not exist; QEMU keeps what is written.
        _ when name.StartsWith("pmpaddr", StringComparison.Ordinal) => (1UL << 54) - 1,

        // QEMU has custom interrupts above 16.
        "mie" or "mip" or "mideleg" or "sie" or "sip" => 0x2aaa,

        // QEMU keeps any event, and the bits of the hypervisor's modes.
        _ when name.StartsWith("mhpmevent", StringComparison.Ordinal) => 0xf000_0000_0000_0000,

        // The other counters do not exist there.
        "mcounteren" or "scounteren" => 0x7ff,

        // Not the exceptions of the hypervisor and later extensions.
        "medeleg" => 0xb3ff,

        // CBIE = 2 is reserved; QEMU keeps it.
        "menvcfg" or "senvcfg" => 0xe000_0000_0000_00d1,

        // A reserved mode is not written by QEMU; Doppel takes the address.
        "stvec" => ~2UL,

        // Bit 0 is always zero; QEMU keeps it.
        "mepc" or "sepc" => ~1UL,

        // QEMU can switch UXL and SXL to 32 bits.
        "mstatus" or "sstatus" => ~0xf_0000_0000UL,
        _ => ulong.MaxValue,
    };

    /// <summary>Where the specification leaves the choice, and the two have chosen differently.</summary>
    private static bool Excluded(int csr) => CsrNames.Of(csr) switch
    {
        // Doppel has all 64 entries, of which 48 are read-only zero; QEMU has 16.
        _ when csr is (> 0x3a2 and < 0x3b0) or (>= 0x3c0 and < 0x3f0) => true,

        // Doppel's counters beyond mhpmcounter10 are read-only zero; QEMU has no such CSRs, but their event selectors.
        _ when csr is (>= 0xb0b and < 0xb20) or (>= 0xc0b and < 0xc20) or (>= 0x32b and < 0x340) => true,

        // QEMU implements debug triggers.
        _ when csr is >= 0x7a0 and < 0x7b0 => true,
        _ => false,
    };
}
