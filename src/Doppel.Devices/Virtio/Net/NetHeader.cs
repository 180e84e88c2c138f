// Virtual I/O Device (VIRTIO) Version 1.2, sections 5.1.6 "Device Operation" and 5.1.6.2 "Packet Transmission": struct virtio_net_hdr.
using System.Buffers.Binary;
using Doppel.Core.Backends;

namespace Doppel.Devices.Virtio.Net;

/// <summary>What precedes each frame in a buffer.</summary>
internal static class NetHeader
{
    public const int Length = 12;

    private const byte NeedsChecksum = 1, DataValid = 2;
    private const byte SegmentNone = 0, SegmentTcp4 = 1, SegmentTcp6 = 4;
    private const int TcpDataOffset = 12;

    /// <summary>
    /// What a driver has left undone in a frame. The header's word on the length of the frame's headers is not believed (section 5.1.6.2.2): what is given back is what
    /// the frame says.
    /// </summary>
    /// <param name="features">What was negotiated.</param>
    /// <returns>False if the driver asks for what was not negotiated, or what is not possible with this frame.</returns>
    public static bool TryRead(ReadOnlySpan<byte> header, ReadOnlySpan<byte> frame, ulong features, out FrameOffload offload)
    {
        offload = default;
        byte kind = header[1];
        if ((header[0] & NeedsChecksum) == 0) return kind == SegmentNone;
        if ((features & NetFeature.Checksum) == 0) return false;
        int start = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        offload = new FrameOffload { NeedsChecksum = true, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset };
        if (kind == SegmentNone) return start + offset + 2 <= frame.Length;

        bool offered = kind == SegmentTcp4 ? (features & NetFeature.HostTso4) != 0 : kind == SegmentTcp6 && (features & NetFeature.HostTso6) != 0;
        if (!offered || start + TcpDataOffset >= frame.Length) return false;
        int headers = start + (frame[start + TcpDataOffset] >> 4) * 4;
        if (headers > frame.Length) return false;
        offload = offload with
        {
            Segmentation = kind == SegmentTcp4 ? FrameSegmentation.Tcp4 : FrameSegmentation.Tcp6,
            SegmentSize = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]),
            HeaderLength = (ushort)headers,
        };
        return true;
    }

    /// <summary>Writes the header of a frame for the driver, which accepts what is left undone in it.</summary>
    /// <param name="buffers">How many buffers the frame is spread over.</param>
    public static void Write(Span<byte> header, in FrameOffload offload, bool checksums, int buffers)
    {
        header[..Length].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header[10..], (ushort)buffers);
        if (!checksums) return;
        if (!offload.NeedsChecksum)
        {
            if (offload.ChecksumValid) header[0] = DataValid;
            return;
        }

        header[0] = NeedsChecksum;
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], offload.ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], offload.ChecksumOffset);
        if (offload.Segmentation == FrameSegmentation.None) return;
        header[1] = offload.Segmentation == FrameSegmentation.Tcp4 ? SegmentTcp4 : SegmentTcp6;
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], offload.HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], offload.SegmentSize);
    }
}
