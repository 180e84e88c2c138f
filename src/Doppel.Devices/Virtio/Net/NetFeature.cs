// Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.3 "Feature bits".
using Doppel.Core.Backends;

namespace Doppel.Devices.Virtio.Net;

/// <summary>The feature bits of network devices that are offered, as masks.</summary>
internal static class NetFeature
{
    /// <summary>VIRTIO_NET_F_CSUM (0): the driver may leave checksums to the device.</summary>
    public const ulong Checksum = 1UL << 0;

    /// <summary>VIRTIO_NET_F_GUEST_CSUM (1): the device may leave checksums to the driver.</summary>
    public const ulong GuestChecksum = 1UL << 1;

    /// <summary>VIRTIO_NET_F_CTRL_GUEST_OFFLOADS (2): the driver may switch what it accepts.</summary>
    public const ulong ControlGuestOffloads = 1UL << 2;

    /// <summary>VIRTIO_NET_F_MTU (3).</summary>
    public const ulong Mtu = 1UL << 3;

    /// <summary>VIRTIO_NET_F_MAC (5).</summary>
    public const ulong Mac = 1UL << 5;

    /// <summary>VIRTIO_NET_F_GUEST_TSO4 (7).</summary>
    public const ulong GuestTso4 = 1UL << 7;

    /// <summary>VIRTIO_NET_F_GUEST_TSO6 (8).</summary>
    public const ulong GuestTso6 = 1UL << 8;

    /// <summary>VIRTIO_NET_F_HOST_TSO4 (11).</summary>
    public const ulong HostTso4 = 1UL << 11;

    /// <summary>VIRTIO_NET_F_HOST_TSO6 (12).</summary>
    public const ulong HostTso6 = 1UL << 12;

    /// <summary>VIRTIO_NET_F_MRG_RXBUF (15).</summary>
    public const ulong MergeableBuffers = 1UL << 15;

    /// <summary>VIRTIO_NET_F_STATUS (16).</summary>
    public const ulong Status = 1UL << 16;

    /// <summary>VIRTIO_NET_F_CTRL_VQ (17).</summary>
    public const ulong ControlQueue = 1UL << 17;

    /// <summary>VIRTIO_NET_F_CTRL_RX (18).</summary>
    public const ulong ControlReceive = 1UL << 18;

    /// <summary>VIRTIO_NET_F_CTRL_VLAN (19).</summary>
    public const ulong ControlVlan = 1UL << 19;

    /// <summary>VIRTIO_NET_F_CTRL_RX_EXTRA (20).</summary>
    public const ulong ControlReceiveExtra = 1UL << 20;

    /// <summary>VIRTIO_NET_F_GUEST_ANNOUNCE (21).</summary>
    public const ulong GuestAnnounce = 1UL << 21;

    /// <summary>VIRTIO_NET_F_CTRL_MAC_ADDR (23).</summary>
    public const ulong ControlMac = 1UL << 23;

    /// <summary>What <see cref="ControlGuestOffloads"/> can switch.</summary>
    public const ulong GuestOffloads = GuestChecksum | GuestTso4 | GuestTso6;

    public const ulong All = Checksum | GuestOffloads | ControlGuestOffloads | Mtu | Mac | HostTso4 | HostTso6 | MergeableBuffers | Status
        | ControlQueue | ControlReceive | ControlVlan | ControlReceiveExtra | GuestAnnounce | ControlMac;

    /// <summary>What a driver takes that has switched these on.</summary>
    public static FrameOffloads Accepted(ulong guestOffloads)
    {
        // Section 5.1.3.1: without checksums there is no segmentation.
        if ((guestOffloads & GuestChecksum) == 0) return FrameOffloads.None;
        FrameOffloads accepted = FrameOffloads.Checksum;
        if ((guestOffloads & GuestTso4) != 0) accepted |= FrameOffloads.Tcp4Segmentation;
        if ((guestOffloads & GuestTso6) != 0) accepted |= FrameOffloads.Tcp6Segmentation;
        return accepted;
    }
}
