// Implements: the device tree binding perf/riscv,pmu.yaml.
using Doppel.Core.DeviceTree;
using Doppel.RiscV.Hart;

namespace Doppel.Machine.Boards;

/// <summary>The node <c>pmu</c>: tells firmware which events there are, and which counters count them.</summary>
internal static class PmuNode
{
    public static void Describe(DeviceTreeNode root)
    {
        List<uint> selectors = [], counters = [], raw = [];
        foreach ((uint selector, uint mask) in HartConfig.CounterEvents)
        {
            // {event, selector}, {first event, last event, counters}, {selector, which bits of it are compared, counters}; selectors and bits in two cells.
            selectors.AddRange([selector, 0, selector]);
            counters.AddRange([selector, selector, mask]);
            raw.AddRange([0, selector, uint.MaxValue, uint.MaxValue, mask & HartConfig.ProgrammableCounters]);
        }

        root.Child("pmu")
            .Strings("compatible", "riscv,pmu")
            .Cells("riscv,event-to-mhpmevent", [.. selectors])
            .Cells("riscv,event-to-mhpmcounters", [.. counters])
            .Cells("riscv,raw-event-to-mhpmcounters", [.. raw]);
    }
}
