using Doppel.RiscV.Counters;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Hart;

/// <summary>The largest virtual address space of a hart; it has the smaller ones too.</summary>
public enum VirtualAddressMode
{
    Bare = 0,
    Sv39 = 8,
    Sv48 = 9,
    Sv57 = 10,
}

/// <summary>What a hart is made of. The same for all harts of a machine.</summary>
public sealed record HartConfig
{
    /// <summary>Largest translation mode.</summary>
    public VirtualAddressMode MaxMode { get; init; } = VirtualAddressMode.Sv57;

    /// <summary>Extensions with instructions or user-level CSRs.</summary>
    public ExtensionSet Extensions { get; init; } = ExtensionSet.All;

    /// <summary>Where a hart starts after reset.</summary>
    public ulong ResetVector { get; init; } = 0x8000_0000;

    /// <summary>Block size of Zicbom, Zicbop and Zicboz in bytes.</summary>
    public static int CacheBlockSize => 64;

    /// <summary>Frequency of the time CSR in hertz.</summary>
    public static uint TimebaseFrequency => 10_000_000;

    /// <summary>The programmable counters, as bits of mcountinhibit.</summary>
    public static uint ProgrammableCounters => (uint)HartCounters.ProgrammableMask;

    /// <summary>The events that counters can count: their selectors, which are the SBI's indices of events too, and the counters that can, as bits of mcountinhibit.</summary>
    public static IReadOnlyList<(uint Selector, uint Counters)> CounterEvents =>
    [
        .. CounterEvent.All.ToArray().Select(selector => ((uint)selector, ProgrammableCounters | selector switch
        {
            CounterEvent.Cycles => 1u << HartCounters.Cycle,
            CounterEvent.Instructions => 1u << HartCounters.Instret,
            _ => 0,
        })),
    ];

    /// <summary>misa (Privileged Architecture 1.13, section 3.1.1): MXL 64 bits, and the single-letter extensions with S and U.</summary>
    public ulong Misa
    {
        get
        {
            ulong misa = 2UL << 62 | Letter('S') | Letter('U');
            foreach ((Extension extension, char letter) in SingleLetters)
            {
                if (Extensions.Contains(extension)) misa |= Letter(letter);
            }

            // B stands for Zba, Zbb and Zbs together.
            if (Extensions.Contains(Extension.Zba) && Extensions.Contains(Extension.Zbb) && Extensions.Contains(Extension.Zbs)) misa |= Letter('B');
            return misa;
        }
    }

    /// <summary>Names for <c>riscv,isa-extensions</c>: lower case, single letters first, then Z extensions, then S extensions.</summary>
    public IReadOnlyList<string> ExtensionNames
    {
        get
        {
            List<string> names = [.. SingleLetters.Where(p => Extensions.Contains(p.Extension)).Select(p => p.Letter.ToString().ToLowerInvariant())];
            names.AddRange(Enum.GetValues<Extension>()
                .Where(e => Extensions.Contains(e) && e.ToString().StartsWith('Z'))
                .Select(e => e.ToString().ToLowerInvariant())
                .Order(StringComparer.Ordinal));
            names.AddRange(["sscofpmf", "sstc", "svadu"]);
            if (MaxMode != VirtualAddressMode.Bare)
            {
                if (Extensions.Contains(Extension.Svinval)) names.Add("svinval");

                // Svvptc 1.0: an invalid entry is never cached, so that one made valid is seen at once; it spares the guest a fence per page fault.
                names.AddRange(["svnapot", "svpbmt", "svvptc"]);
            }

            return names;
        }
    }

    /// <summary>The ISA string for <c>riscv,isa</c>: <c>rv64</c>, the single letters, then the others with underscores.</summary>
    public string IsaString
    {
        get
        {
            IReadOnlyList<string> names = ExtensionNames;
            return "rv64" + string.Concat(names.Where(n => n.Length == 1)) + string.Concat(names.Where(n => n.Length > 1).Select(n => "_" + n));
        }
    }

    /// <summary>The value of <c>mmu-type</c> in the device tree.</summary>
    public string MmuType => MaxMode == VirtualAddressMode.Bare ? "riscv,none" : $"riscv,{MaxMode.ToString().ToLowerInvariant()}";

    private static readonly (Extension Extension, char Letter)[] SingleLetters =
    [
        (Extension.I, 'I'), (Extension.M, 'M'), (Extension.A, 'A'), (Extension.F, 'F'), (Extension.D, 'D'), (Extension.C, 'C'),
    ];

    private static ulong Letter(char letter) => 1UL << (letter - 'A');
}
