// Virtual I/O Device (VIRTIO) Version 1.2, sections 5.1.6 "Device Operation" and 5.1.6.2 "Packet Transmission": struct virtio_net_hdr.
using System.Buffers.Binary;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Devices.Virtio.Net;

/// <summary>What precedes each frame in a buffer.</summary>
internal static class NetHeader
{
    public const int Length = OffloadHeader.Length + sizeof(ushort);

    /// <summary>What a driver has left undone in a frame.</summary>
    /// <param name="features">What was negotiated.</param>
    /// <returns>False if the driver asks for what was not negotiated, or what is not possible with this frame.</returns>
    public static bool TryRead(ReadOnlySpan<byte> header, ReadOnlySpan<byte> frame, ulong features, out FrameOffload offload)
    {
        if (!OffloadHeader.TryRead(header, frame, out offload)) return false;
        // Section 5.1.6.2: the driver vouches for nothing.
        offload = offload with { ChecksumValid = false };
        ulong needed = offload.Segmentation switch
        {
            FrameSegmentation.Tcp4 => NetFeature.Checksum | NetFeature.HostTso4,
            FrameSegmentation.Tcp6 => NetFeature.Checksum | NetFeature.HostTso6,
            _ => offload.NeedsChecksum ? NetFeature.Checksum : 0,
        };
        return (needed & ~features) == 0;
    }

    /// <summary>Writes the header of a frame for the driver, which accepts what is left undone in it.</summary>
    /// <param name="buffers">How many buffers the frame is spread over.</param>
    public static void Write(Span<byte> header, in FrameOffload offload, bool checksums, int buffers)
    {
        OffloadHeader.Write(header, checksums ? offload : default);
        BinaryPrimitives.WriteUInt16LittleEndian(header[OffloadHeader.Length..], (ushort)buffers);
    }
}
