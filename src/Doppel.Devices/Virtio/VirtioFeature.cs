// Virtual I/O Device (VIRTIO) Version 1.2, section 6 "Reserved Feature Bits" and section 2.1 "Device Status Field".
namespace Doppel.Devices.Virtio;

/// <summary>The feature bits that belong to rings and transports, as masks; devices have their own in bits 0–23.</summary>
internal static class VirtioFeature
{
    /// <summary>VIRTIO_F_INDIRECT_DESC (28).</summary>
    public const ulong RingIndirectDesc = 1UL << 28;

    /// <summary>VIRTIO_F_EVENT_IDX (29).</summary>
    public const ulong RingEventIdx = 1UL << 29;

    /// <summary>VIRTIO_F_VERSION_1 (32).</summary>
    public const ulong Version1 = 1UL << 32;

    /// <summary>VIRTIO_F_RING_PACKED (34).</summary>
    public const ulong RingPacked = 1UL << 34;

    /// <summary>VIRTIO_F_RING_RESET (40).</summary>
    public const ulong RingReset = 1UL << 40;

    /// <summary>What every transport offers for every device.</summary>
    public const ulong Transport = RingIndirectDesc | RingEventIdx | Version1 | RingPacked | RingReset;
}

/// <summary>The bits of the device status field.</summary>
[Flags]
internal enum VirtioStatus : byte
{
    None = 0,
    Acknowledge = 1,
    Driver = 2,
    DriverOk = 4,
    FeaturesOk = 8,
    NeedsReset = 64,
    Failed = 128,
    All = Acknowledge | Driver | DriverOk | FeaturesOk | NeedsReset | Failed,
}
