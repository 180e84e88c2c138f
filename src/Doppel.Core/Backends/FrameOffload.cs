namespace Doppel.Core.Backends;

/// <summary>What a sender of Ethernet frames may leave undone, and whoever takes them does instead or passes on.</summary>
[Flags]
public enum FrameOffloads
{
    None = 0,

    /// <summary>The checksum of TCP or UDP: its field then holds the sum of the pseudo header only.</summary>
    Checksum = 1,

    /// <summary>TCP over IPv4 in one frame of up to 64 KiB, to be cut into segments.</summary>
    Tcp4Segmentation = 2,

    /// <summary>The same over IPv6.</summary>
    Tcp6Segmentation = 4,
}

/// <summary>How a large frame is to be cut.</summary>
public enum FrameSegmentation
{
    None,
    Tcp4,
    Tcp6,
}

/// <summary>What has been left undone in one frame, in the terms of <c>struct virtio_net_hdr</c> (Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.6).</summary>
public readonly record struct FrameOffload
{
    /// <summary>The checksum from <see cref="ChecksumStart"/> to the end of the frame is still to be put at <see cref="ChecksumStart"/> + <see cref="ChecksumOffset"/>.</summary>
    public bool NeedsChecksum { get; init; }

    /// <summary>The checksums have been verified, or the frame has never been on a wire.</summary>
    public bool ChecksumValid { get; init; }

    /// <summary>Bytes from the beginning of the frame.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>Bytes from <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset { get; init; }

    public FrameSegmentation Segmentation { get; init; }

    /// <summary>Bytes of payload in each segment; 0 without segmentation.</summary>
    public ushort SegmentSize { get; init; }

    /// <summary>Bytes of all headers, the Ethernet header's included: what every segment begins with. 0 without segmentation.</summary>
    public ushort HeaderLength { get; init; }
}
