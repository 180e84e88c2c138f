// RFC 8878, sections 3.1.1 (Zstandard frames) and 3.1.2 (skippable frames).
using System.Buffers.Binary;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Finds where a frame ends by the lengths of its parts, without looking into its blocks.</summary>
internal static class ZstdFrame
{
    /// <summary>What zstd's own readers take by default, QEMU among them; far beyond what a cluster can be in need of.</summary>
    public const long MaxWindow = 128 << 20;

    private const uint Magic = 0xfd2fb528;
    private const uint SkippableMagic = 0x184d2a50;
    private const int ReservedBlock = 3;
    private const int RepeatedBlock = 1;

    /// <returns>The bytes of the frame that the data begins with; 0 if it is none, is cut off, or asks for a larger window.</returns>
    public static int Measure(ReadOnlySpan<byte> data)
    {
        if (data.Length < 8) return 0;
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(data);
        if ((magic & ~0xfU) == SkippableMagic)
        {
            long whole = 8L + BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            return whole <= data.Length ? (int)whole : 0;
        }

        byte descriptor = data[4];
        bool hasWindow = (descriptor & 0x20) == 0;
        if (magic != Magic || hasWindow && Window(data[5]) > MaxWindow) return 0;

        int contentSize = (descriptor >> 6) switch { 0 => hasWindow ? 0 : 1, 1 => 2, 2 => 4, _ => 8 };
        int dictionaryId = (descriptor & 3) switch { 3 => 4, var length => length };
        int at = 5 + (hasWindow ? 1 : 0) + dictionaryId + contentSize;
        for (bool isLast = false; !isLast;)
        {
            if (data.Length - at < 3) return 0;
            int header = data[at] | data[at + 1] << 8 | data[at + 2] << 16;
            isLast = (header & 1) != 0;
            int type = header >> 1 & 3;
            if (type == ReservedBlock) return 0;
            at += 3 + (type == RepeatedBlock ? 1 : header >> 3);
        }

        int checksum = (descriptor & 4) == 0 ? 0 : 4;
        return data.Length - at >= checksum ? at + checksum : 0;
    }

    private static long Window(byte descriptor)
    {
        long power = 1L << (10 + (descriptor >> 3));
        return power + power / 8 * (descriptor & 7);
    }
}
