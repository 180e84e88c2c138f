using Doppel.Core.Snapshot;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>Refuses saved states that no hart can be in: the only fields that matter are those from which the engine derives indices and modes.</summary>
internal static class HartStateValidator
{
    /// <exception cref="SnapshotException">A field has an impossible value.</exception>
    public static void Check(ReadOnlySpan<ulong> slots, HartConfig config)
    {
        Require(slots[RiscVSlot.X] == 0, "x0");
        Require((slots[RiscVSlot.Pc] & 1) == 0, "pc");
        Require(slots[RiscVSlot.Mode] is 0 or 1 or 3, "mode");
        Require((slots[RiscVSlot.Mstatus] & Mstatus.Mpp) != 2UL << Mstatus.MppShift, "mstatus.MPP");
        Require((slots[RiscVSlot.Mstatus] & ~(Mstatus.MachineWritable | Mstatus.Xl)) == 0, "mstatus");
        Require((slots[RiscVSlot.Mepc] & 1) == 0, "mepc");
        Require((slots[RiscVSlot.Sepc] & 1) == 0, "sepc");
        Require((slots[RiscVSlot.Mtvec] & 2) == 0, "mtvec");
        Require((slots[RiscVSlot.Stvec] & 2) == 0, "stvec");
        Require(slots[RiscVSlot.Retired] <= long.MaxValue, "retired");
        ulong mode = slots[RiscVSlot.Satp] >> 60;
        Require(mode == 0 || (mode >= (ulong)VirtualAddressMode.Sv39 && mode <= (ulong)config.MaxMode), "satp.MODE");
    }

    private static void Require(bool condition, string field)
    {
        if (!condition) throw new SnapshotException($"The hart's '{field}' has an impossible value.");
    }
}
