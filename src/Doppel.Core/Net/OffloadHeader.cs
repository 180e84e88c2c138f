// Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.6 "Device Operation": struct virtio_net_hdr, without num_buffers.
using System.Buffers.Binary;
using Doppel.Core.Backends;

namespace Doppel.Core.Net;

/// <summary>What has been left undone in a frame, as bytes: as virtio devices, tap interfaces of Linux and links between processes have it before each frame.</summary>
public static class OffloadHeader
{
    public const int Length = 10;

    private const byte NeedsChecksum = 1, DataValid = 2;
    private const byte SegmentNone = 0, SegmentTcp4 = 1, SegmentTcp6 = 4;
    private const int TcpDataOffset = 12;

    /// <summary>Writes all <see cref="Length"/> bytes.</summary>
    public static void Write(Span<byte> header, in FrameOffload offload)
    {
        header[..Length].Clear();
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

    /// <summary>
    /// Reads a header that is not trusted. Its word on the length of the frame's headers is not believed (section 5.1.6.2.2): what is given back is what the frame says.
    /// </summary>
    /// <returns>False if it asks for what is not known here, or not possible with this frame.</returns>
    public static bool TryRead(ReadOnlySpan<byte> header, ReadOnlySpan<byte> frame, out FrameOffload offload)
    {
        offload = new FrameOffload { ChecksumValid = (header[0] & DataValid) != 0 };
        byte kind = header[1];
        if ((header[0] & NeedsChecksum) == 0) return kind == SegmentNone && FrameDelivery.IsPossible(frame.Length, offload);
        int start = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        offload = new FrameOffload { NeedsChecksum = true, ChecksumStart = (ushort)start, ChecksumOffset = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) };
        if (kind != SegmentNone)
        {
            if (kind is not (SegmentTcp4 or SegmentTcp6) || start + TcpDataOffset >= frame.Length) return false;
            int headers = start + (frame[start + TcpDataOffset] >> 4) * 4;
            if (headers > frame.Length) return false;
            offload = offload with
            {
                Segmentation = kind == SegmentTcp4 ? FrameSegmentation.Tcp4 : FrameSegmentation.Tcp6,
                SegmentSize = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]),
                HeaderLength = (ushort)headers,
            };
        }

        return FrameDelivery.IsPossible(frame.Length, offload);
    }
}
