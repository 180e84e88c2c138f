using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Csr;

/// <summary>Fields of mhpmevent (Sscofpmf 1.0; without the bits for the hypervisor extension, which are zero).</summary>
internal static class Mhpmevent
{
    /// <summary>The counter has overflowed.</summary>
    public const ulong Of = 1UL << 63;

    /// <summary>Not counted in M-mode.</summary>
    public const ulong Minh = 1UL << 62;

    /// <summary>Not counted in S-mode.</summary>
    public const ulong Sinh = 1UL << 61;

    /// <summary>Not counted in U-mode.</summary>
    public const ulong Uinh = 1UL << 60;

    public const ulong Inhibits = Minh | Sinh | Uinh;

    /// <summary>A <see cref="CounterEvent"/>; 0 for none.</summary>
    public const ulong Selector = (1UL << 56) - 1;

    /// <summary>The value that the CSR takes: an event that does not exist becomes none.</summary>
    public static ulong Legal(ulong value) =>
        (value & (Of | Inhibits)) | (CounterEvent.All.Contains(value & Selector) ? value & Selector : 0);

    /// <summary>Whether nothing is counted in a mode.</summary>
    public static bool InhibitedIn(ulong value, PrivilegeMode mode) => (value & mode switch
    {
        PrivilegeMode.User => Uinh,
        PrivilegeMode.Supervisor => Sinh,
        _ => Minh,
    }) != 0;
}
