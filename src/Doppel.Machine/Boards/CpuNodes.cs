// Implements: the device tree bindings riscv/cpus.yaml, riscv/extensions.yaml, interrupt-controller/riscv,cpu-intc.yaml and cpu/cpu-map.
using Doppel.Core.DeviceTree;
using Doppel.RiscV.Hart;

namespace Doppel.Machine.Boards;

/// <summary>The node <c>cpus</c>: what each hart can do.</summary>
internal static class CpuNodes
{
    /// <summary>The handle of a hart's node.</summary>
    public static uint CpuPhandle(int hart) => (uint)(2 * hart + 1);

    /// <summary>The handle of a hart's own interrupt controller.</summary>
    public static uint InterruptPhandle(int hart) => (uint)(2 * hart + 2);

    /// <summary>The first handle that no hart uses.</summary>
    public static uint FirstFreePhandle(int harts) => (uint)(2 * harts + 1);

    public static void Describe(DeviceTreeNode root, IReadOnlyList<RiscVHart> harts)
    {
        DeviceTreeNode cpus = root.Child("cpus").Cells("#address-cells", 1).Cells("#size-cells", 0).Cells("timebase-frequency", HartConfig.TimebaseFrequency);
        foreach (RiscVHart hart in harts)
        {
            HartConfig config = hart.Config;
            IReadOnlyList<string> extensions = config.ExtensionNames;
            uint block = (uint)HartConfig.CacheBlockSize;
            DeviceTreeNode cpu = cpus.Child($"cpu@{hart.Id:x}")
                .Strings("device_type", "cpu")
                .Cells("reg", (uint)hart.Id)
                .Strings("status", "okay")
                .Strings("compatible", "riscv")
                .Strings("riscv,isa-base", "rv64i")
                .Strings("riscv,isa-extensions", [.. extensions])
                .Strings("riscv,isa", config.IsaString)
                .Strings("mmu-type", config.MmuType)
                .Cells("phandle", CpuPhandle(hart.Id));
            if (extensions.Contains("zicbom")) cpu.Cells("riscv,cbom-block-size", block);
            if (extensions.Contains("zicbop")) cpu.Cells("riscv,cbop-block-size", block);
            if (extensions.Contains("zicboz")) cpu.Cells("riscv,cboz-block-size", block);
            cpu.Child("interrupt-controller")
                .Strings("compatible", "riscv,cpu-intc")
                .Flag("interrupt-controller")
                .Cells("#interrupt-cells", 1)
                .Cells("#address-cells", 0)
                .Cells("phandle", InterruptPhandle(hart.Id));
        }

        DeviceTreeNode cluster = cpus.Child("cpu-map").Child("cluster0");
        foreach (RiscVHart hart in harts) cluster.Child($"core{hart.Id}").Cells("cpu", CpuPhandle(hart.Id));
    }
}
