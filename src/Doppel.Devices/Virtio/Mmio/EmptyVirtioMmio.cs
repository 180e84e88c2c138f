// Virtual I/O Device (VIRTIO) Version 1.2, section 4.2.2: DeviceID 0, a placeholder at a well-known address.
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;

namespace Doppel.Devices.Virtio.Mmio;

/// <summary>A slot with no device in it. Drivers find it, read device id 0 and leave it alone.</summary>
public sealed class EmptyVirtioMmio : IBusDevice, IDeviceTreeSource
{
    public ulong Length => MmioRegister.SlotLength;

    public ulong Read(ulong offset, int size) => (size, offset) switch
    {
        (4, MmioRegister.MagicValue) => MmioRegister.Magic,
        (4, MmioRegister.Version) => MmioRegister.CurrentVersion,
        (4, MmioRegister.VendorId) => MmioRegister.Vendor,
        _ => 0,
    };

    public void Write(ulong offset, int size, ulong value)
    {
    }

    public void Reset()
    {
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) => MmioNode.Add(parent, address, interrupt);
}
