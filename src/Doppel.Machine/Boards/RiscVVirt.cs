namespace Doppel.Machine.Boards;

/// <summary>The board <c>riscv-virt</c>.</summary>
internal static class RiscVVirt
{
    /// <summary>How many disks fit beside the other virtio devices: entropy, and the console if there is one.</summary>
    public static int DiskSlots(VmConfig config) => RiscVVirtMap.VirtioSlots - 1 - (config.VirtioConsole ? 1 : 0);
}
