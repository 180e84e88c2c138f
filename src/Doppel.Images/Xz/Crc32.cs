// CRC-32 as the .xz file format 1.2.1, section 6, uses it (IEEE 802.3, reflected 0xEDB88320), eight bytes a step.
using System.Buffers.Binary;

namespace Doppel.Images.Xz;

/// <summary>CRC-32 (IEEE 802.3, reflected).</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Continues from <paramref name="crc"/>, which is 0 at the start.</summary>
    internal static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint[] table = Table;
        crc = ~crc;
        while (data.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ crc;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = table[0x700 + (low & 0xFF)] ^ table[0x600 + ((low >> 8) & 0xFF)] ^ table[0x500 + ((low >> 16) & 0xFF)] ^ table[0x400 + (low >> 24)]
                ^ table[0x300 + (high & 0xFF)] ^ table[0x200 + ((high >> 8) & 0xFF)] ^ table[0x100 + ((high >> 16) & 0xFF)] ^ table[high >> 24];
            data = data[8..];
        }
        foreach (byte b in data) crc = (crc >> 8) ^ table[(crc ^ b) & 0xFF];
        return ~crc;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) * 0xEDB8_8320);
            table[i] = value;
        }
        for (int i = 256; i < table.Length; i++) table[i] = (table[i - 256] >> 8) ^ table[table[i - 256] & 0xFF];
        return table;
    }
}
