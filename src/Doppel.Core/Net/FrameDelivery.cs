using System.Buffers;
using System.Buffers.Binary;
using Doppel.Core.Backends;

namespace Doppel.Core.Net;

/// <summary>Hands a frame to whoever takes it, after doing what was left undone in it and is not accepted there.</summary>
public static class FrameDelivery
{
    /// <summary>Bytes of an Ethernet header without tags.</summary>
    public const int HeaderLength = 14;

    /// <summary>Bytes of the largest frame that there can be: an IP packet of 64 KiB behind a header with two tags.</summary>
    public const int MaxLength = HeaderLength + 8 + 65535;

    /// <summary>Fewest bytes of payload in a segment: no TCP works with less, and a frame cut finer would cost many times what it cost its sender.</summary>
    public const int MinSegmentSize = 40;

    /// <summary>What a frame needs of whoever takes it as it is.</summary>
    public static FrameOffloads Needs(in FrameOffload offload) => offload.Segmentation switch
    {
        FrameSegmentation.Tcp4 => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation,
        FrameSegmentation.Tcp6 => FrameOffloads.Checksum | FrameOffloads.Tcp6Segmentation,
        _ => offload.NeedsChecksum ? FrameOffloads.Checksum : FrameOffloads.None,
    };

    /// <summary>Whether what a frame says of itself can be true of a frame of this length. Nothing else here may be asked before.</summary>
    public static bool IsPossible(int length, in FrameOffload offload)
    {
        if (length is < HeaderLength or > MaxLength) return false;
        // A checksum that covers the Ethernet header would be put into it: over the sender, or over a tag.
        if (offload.NeedsChecksum && (offload.ChecksumStart < HeaderLength || offload.ChecksumStart + offload.ChecksumOffset + 2 > length)) return false;
        return offload.Segmentation == FrameSegmentation.None || offload.NeedsChecksum && offload.SegmentSize >= MinSegmentSize;
    }

    /// <summary>
    /// As <see cref="INetworkPort.TryTake"/>, whatever <paramref name="to"/> accepts. If there is room for some segments of a frame only, the others are lost, as on any
    /// network. A frame that cannot be cut because it is not what it says it is, is lost, too.
    /// </summary>
    public static bool TryDeliver(this INetworkPort to, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        FrameOffloads missing = Needs(offload) & ~to.Accepts;
        if (missing == FrameOffloads.None) return to.TryTake(frame, offload);
        if (offload.Segmentation != FrameSegmentation.None) return TcpSegments.TryDeliver(to, frame, offload);
        byte[] copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        frame.CopyTo(copy);
        CompleteChecksum(copy.AsSpan(0, frame.Length), offload);
        bool taken = to.TryTake(copy.AsSpan(0, frame.Length), new FrameOffload { ChecksumValid = true });
        ArrayPool<byte>.Shared.Return(copy);
        return taken;
    }

    /// <summary>Puts the checksum in its place.</summary>
    public static void CompleteChecksum(Span<byte> frame, in FrameOffload offload)
    {
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(frame[offload.ChecksumStart..]));
        // RFC 768: 0 says that there is none. Both are the same number otherwise.
        BinaryPrimitives.WriteUInt16BigEndian(frame[(offload.ChecksumStart + offload.ChecksumOffset)..], checksum == 0 ? ushort.MaxValue : checksum);
    }
}
