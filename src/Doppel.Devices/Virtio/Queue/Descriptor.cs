// Virtual I/O Device (VIRTIO) Version 1.2, sections 2.7.5 (struct virtq_desc) and 2.8.13 (struct pvirtq_desc).
using System.Buffers.Binary;
using Doppel.Core.Memory;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>A descriptor, copied out of guest memory. Both ring formats have 16 bytes; the last two fields change places.</summary>
internal readonly record struct Descriptor(ulong Address, uint Length, ushort Third, ushort Fourth)
{
    public const uint Size = 16;

    /// <summary>VIRTQ_DESC_F_NEXT.</summary>
    public const ushort FlagNext = 1;

    /// <summary>VIRTQ_DESC_F_WRITE.</summary>
    public const ushort FlagWrite = 2;

    /// <summary>VIRTQ_DESC_F_INDIRECT.</summary>
    public const ushort FlagIndirect = 4;

    /// <summary>Reads all of it at once.</summary>
    public static bool TryRead(GuestMemory memory, ulong address, out Descriptor descriptor)
    {
        Span<byte> bytes = stackalloc byte[(int)Size];
        bool read = memory.TryRead(address, bytes);
        descriptor = new Descriptor(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
        return read;
    }
}
