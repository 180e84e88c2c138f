// Virtual I/O Device (VIRTIO) Version 1.2, section 4.2.2 "MMIO Device Register Layout".
namespace Doppel.Devices.Virtio.Mmio;

/// <summary>Offsets of the control registers, by the specification's names.</summary>
internal static class MmioRegister
{
    public const ulong MagicValue = 0x000;
    public const ulong Version = 0x004;
    public const ulong DeviceId = 0x008;
    public const ulong VendorId = 0x00c;
    public const ulong DeviceFeatures = 0x010;
    public const ulong DeviceFeaturesSel = 0x014;
    public const ulong DriverFeatures = 0x020;
    public const ulong DriverFeaturesSel = 0x024;
    public const ulong QueueSel = 0x030;
    public const ulong QueueSizeMax = 0x034;
    public const ulong QueueSize = 0x038;
    public const ulong QueueReady = 0x044;
    public const ulong QueueNotify = 0x050;
    public const ulong InterruptStatus = 0x060;
    public const ulong InterruptAck = 0x064;
    public const ulong Status = 0x070;
    public const ulong QueueDescLow = 0x080;
    public const ulong QueueDescHigh = 0x084;
    public const ulong QueueDriverLow = 0x090;
    public const ulong QueueDriverHigh = 0x094;
    public const ulong QueueDeviceLow = 0x0a0;
    public const ulong QueueDeviceHigh = 0x0a4;
    public const ulong ShmLenLow = 0x0b0;
    public const ulong ShmLenHigh = 0x0b4;
    public const ulong ShmBaseLow = 0x0b8;
    public const ulong ShmBaseHigh = 0x0bc;
    public const ulong QueueReset = 0x0c0;
    public const ulong ConfigGeneration = 0x0fc;
    public const ulong Config = 0x100;

    /// <summary>"virt", little-endian.</summary>
    public const uint Magic = 0x74726976;

    /// <summary>Registers of version 1.0 and later; 1 was the legacy layout, which is not offered.</summary>
    public const uint CurrentVersion = 2;

    /// <summary>"DPPL", little-endian.</summary>
    public const uint Vendor = 0x4c505044;

    /// <summary>Address space of one slot: a page, as on QEMU's board.</summary>
    public const ulong SlotLength = 0x1000;
}
