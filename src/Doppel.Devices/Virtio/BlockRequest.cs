// Virtual I/O Device (VIRTIO) Version 1.2, section 5.2.6 "Device Operation" of the block device.
namespace Doppel.Devices.Virtio;

/// <summary>VIRTIO_BLK_T_*.</summary>
internal enum BlockRequestType : uint
{
    In = 0,
    Out = 1,
    Flush = 4,
    GetId = 8,
    Discard = 11,
    WriteZeroes = 13,
}

/// <summary>VIRTIO_BLK_S_*.</summary>
internal enum BlockStatus : byte
{
    Ok = 0,
    IoError = 1,
    Unsupported = 2,

    /// <summary>None of the specification's, and never shown to the guest: the request goes on when the machine does.</summary>
    PutBack = 0xff,
}

/// <summary>struct virtio_blk_discard_write_zeroes, checked and in bytes.</summary>
internal readonly record struct BlockRange(long Offset, long Length, bool Unmap);
