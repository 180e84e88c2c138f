// IEEE Std 802.1Q-2018, section 9.6 "VLAN Tag Control Information".
using System.Buffers.Binary;
using Doppel.Core.Backends;

namespace Doppel.Backends.Net.Switch;

/// <summary>The tag that says which segment a frame belongs to.</summary>
internal static class VlanTag
{
    public const int Length = 4;

    public const ushort First = 1, Last = 4094;

    private const int Offset = 12;
    private const ushort Customer = 0x8100, Service = 0x88a8, IdMask = 0x0fff;

    /// <summary>Whether a tag of any kind is at the place of the EtherType, <paramref name="skip"/> bytes behind the usual one.</summary>
    public static bool IsAt(ReadOnlySpan<byte> frame, int skip = 0) => frame.Length >= Offset + skip + 2 && BinaryPrimitives.ReadUInt16BigEndian(frame[(Offset + skip)..]) is Customer or Service;

    /// <summary>Reads the outer tag.</summary>
    /// <returns>False if there is none that a bridge of customers' networks understands, or no EtherType behind it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out ushort vlan)
    {
        vlan = 0;
        if (frame.Length < Offset + Length + 2 || BinaryPrimitives.ReadUInt16BigEndian(frame[Offset..]) != Customer) return false;
        vlan = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(frame[(Offset + 2)..]) & IdMask);
        return true;
    }

    /// <summary>Copies a frame without its outer tag.</summary>
    public static Span<byte> Remove(ReadOnlySpan<byte> frame, Span<byte> copy)
    {
        frame[..Offset].CopyTo(copy);
        frame[(Offset + Length)..].CopyTo(copy[Offset..]);
        return copy[..(frame.Length - Length)];
    }

    /// <summary>Copies a frame with one more tag.</summary>
    public static Span<byte> Insert(ReadOnlySpan<byte> frame, Span<byte> copy, ushort vlan)
    {
        frame[..Offset].CopyTo(copy);
        BinaryPrimitives.WriteUInt16BigEndian(copy[Offset..], Customer);
        BinaryPrimitives.WriteUInt16BigEndian(copy[(Offset + 2)..], vlan);
        frame[Offset..].CopyTo(copy[(Offset + Length)..]);
        return copy[..(frame.Length + Length)];
    }

    /// <summary>What is left undone in a frame whose bytes behind the tag have moved.</summary>
    public static FrameOffload Move(in FrameOffload offload, int distance) => offload with
    {
        ChecksumStart = (ushort)(offload.NeedsChecksum ? offload.ChecksumStart + distance : 0),
        HeaderLength = (ushort)(offload.HeaderLength == 0 ? 0 : offload.HeaderLength + distance),
    };
}
