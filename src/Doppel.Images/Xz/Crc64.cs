// CRC-64 as the .xz file format 1.2.1, section 6, uses it (ECMA-182, reflected 0xC96C5795D7870F42), eight bytes a step.
using System.Buffers.Binary;

namespace Doppel.Images.Xz;

/// <summary>CRC-64 (ECMA-182, reflected).</summary>
internal static class Crc64
{
    private static readonly ulong[] Table = MakeTable();

    /// <summary>Continues from <paramref name="crc"/>, which is 0 at the start.</summary>
    internal static ulong Append(ulong crc, ReadOnlySpan<byte> data)
    {
        ulong[] table = Table;
        crc = ~crc;
        while (data.Length >= 8)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            crc = table[0x700 + (int)(crc & 0xFF)] ^ table[0x600 + (int)((crc >> 8) & 0xFF)]
                ^ table[0x500 + (int)((crc >> 16) & 0xFF)] ^ table[0x400 + (int)((crc >> 24) & 0xFF)]
                ^ table[0x300 + (int)((crc >> 32) & 0xFF)] ^ table[0x200 + (int)((crc >> 40) & 0xFF)]
                ^ table[0x100 + (int)((crc >> 48) & 0xFF)] ^ table[(int)(crc >> 56)];
            data = data[8..];
        }
        foreach (byte b in data) crc = (crc >> 8) ^ table[(int)((crc ^ b) & 0xFF)];
        return ~crc;
    }

    private static ulong[] MakeTable()
    {
        ulong[] table = new ulong[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            ulong value = i;
            for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) * 0xC96C_5795_D787_0F42);
            table[i] = value;
        }
        for (int i = 256; i < table.Length; i++) table[i] = (table[i - 256] >> 8) ^ table[(int)(table[i - 256] & 0xFF)];
        return table;
    }
}
