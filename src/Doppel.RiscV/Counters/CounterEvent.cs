// RISC-V Supervisor Binary Interface 2.0, section 11.1: hardware general events (type 0) and hardware cache events (type 1), whose indices are the selectors of mhpmevent too.
namespace Doppel.RiscV.Counters;

/// <summary>What a programmable counter counts: selectors of mhpmevent.</summary>
internal static class CounterEvent
{
    /// <summary>SBI_PMU_HW_CPU_CYCLES: a hart executes an instruction a cycle, and none while it waits.</summary>
    public const ulong Cycles = 0x1;

    /// <summary>SBI_PMU_HW_INSTRUCTIONS: those that retire.</summary>
    public const ulong Instructions = 0x2;

    /// <summary>SBI_PMU_HW_CACHE_DTLB, read, miss: page tables were walked for a load.</summary>
    public const ulong DataTlbReadMiss = 0x10019;

    /// <summary>SBI_PMU_HW_CACHE_DTLB, write, miss: page tables were walked for a store.</summary>
    public const ulong DataTlbWriteMiss = 0x1001b;

    /// <summary>SBI_PMU_HW_CACHE_ITLB, read, miss: page tables were walked for a fetch.</summary>
    public const ulong InstructionTlbReadMiss = 0x10021;

    /// <summary>All that there are, in ascending order.</summary>
    public static ReadOnlySpan<ulong> All => [Cycles, Instructions, DataTlbReadMiss, DataTlbWriteMiss, InstructionTlbReadMiss];

    /// <summary>Whether the event is one with each instruction.</summary>
    public static bool IsInstruction(ulong selector) => selector is Cycles or Instructions;
}
