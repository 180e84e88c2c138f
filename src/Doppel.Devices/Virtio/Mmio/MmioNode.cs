// Virtual I/O Device (VIRTIO) Version 1.2, section 4.2.1 "MMIO Device Discovery".
using Doppel.Core.DeviceTree;

namespace Doppel.Devices.Virtio.Mmio;

/// <summary>The device-tree node of a slot, empty or not.</summary>
internal static class MmioNode
{
    public static void Add(DeviceTreeNode parent, ulong address, uint interrupt)
    {
        DeviceTreeNode node = parent.Child($"virtio_mmio@{address:x}")
            .Strings("compatible", "virtio,mmio")
            .Reg(address, MmioRegister.SlotLength);
        if (interrupt != 0) node.Cells("interrupts", interrupt);
    }
}
