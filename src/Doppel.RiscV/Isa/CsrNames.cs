// RISC-V Privileged Architecture, chapter priv-csrs: CSR Listing; Unprivileged ISA, chapters f-st-ext and counters.
using System.Globalization;

namespace Doppel.RiscV.Isa;

/// <summary>CSR numbers and their names in assembly language.</summary>
public static class CsrNames
{
    private static readonly (int Number, string Name)[] Single =
    [
        (0x001, "fflags"), (0x002, "frm"), (0x003, "fcsr"),
        (0xc00, "cycle"), (0xc01, "time"), (0xc02, "instret"),

        (0x100, "sstatus"), (0x104, "sie"), (0x105, "stvec"), (0x106, "scounteren"), (0x10a, "senvcfg"),
        (0x10c, "sstateen0"), (0x10d, "sstateen1"), (0x10e, "sstateen2"), (0x10f, "sstateen3"),
        (0x120, "scountinhibit"), (0x140, "sscratch"), (0x141, "sepc"), (0x142, "scause"), (0x143, "stval"), (0x144, "sip"),
        (0x14d, "stimecmp"), (0x180, "satp"), (0x5a8, "scontext"), (0xda0, "scountovf"),

        (0xf11, "mvendorid"), (0xf12, "marchid"), (0xf13, "mimpid"), (0xf14, "mhartid"), (0xf15, "mconfigptr"),
        (0x300, "mstatus"), (0x301, "misa"), (0x302, "medeleg"), (0x303, "mideleg"), (0x304, "mie"), (0x305, "mtvec"), (0x306, "mcounteren"),
        (0x30a, "menvcfg"), (0x30c, "mstateen0"), (0x30d, "mstateen1"), (0x30e, "mstateen2"), (0x30f, "mstateen3"),
        (0x340, "mscratch"), (0x341, "mepc"), (0x342, "mcause"), (0x343, "mtval"), (0x344, "mip"), (0x34a, "mtinst"), (0x34b, "mtval2"),
        (0x747, "mseccfg"), (0x320, "mcountinhibit"), (0xb00, "mcycle"), (0xb02, "minstret"),
        (0x7a0, "tselect"), (0x7a1, "tdata1"), (0x7a2, "tdata2"), (0x7a3, "tdata3"), (0x7a4, "tinfo"), (0x7a8, "mcontext"),
        (0x7b0, "dcsr"), (0x7b1, "dpc"), (0x7b2, "dscratch0"), (0x7b3, "dscratch1"),
    ];

    private static readonly Dictionary<int, string> ByNumber = All().ToDictionary(c => c.Number, c => c.Name);
    private static readonly Dictionary<string, int> ByName = All().ToDictionary(c => c.Name, c => c.Number, StringComparer.Ordinal);

    /// <summary>Every CSR that has a name.</summary>
    public static IReadOnlyDictionary<int, string> Known => ByNumber;

    /// <summary>The name, or the number in hexadecimal.</summary>
    public static string Of(int number) => ByNumber.TryGetValue(number, out string? name) ? name : $"0x{number:x}";

    /// <summary>The number of a name, or of a number in decimal or (0x) hexadecimal.</summary>
    public static bool TryParse(string text, out int number)
    {
        if (ByName.TryGetValue(text, out number)) return true;
        bool parsed = text.StartsWith("0x", StringComparison.Ordinal)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        return parsed && number is >= 0 and < 0x1000;
    }

    private static IEnumerable<(int Number, string Name)> All()
    {
        foreach ((int Number, string Name) csr in Single) yield return csr;
        for (int i = 3; i < 32; i++)
        {
            yield return (0xc00 + i, $"hpmcounter{i}");
            yield return (0xb00 + i, $"mhpmcounter{i}");
            yield return (0x320 + i, $"mhpmevent{i}");
        }

        // RV64 has the even configuration registers only.
        for (int i = 0; i < 16; i += 2) yield return (0x3a0 + i, $"pmpcfg{i}");
        for (int i = 0; i < 64; i++) yield return (0x3b0 + i, $"pmpaddr{i}");
    }
}
