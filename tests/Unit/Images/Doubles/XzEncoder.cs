using System.Buffers.Binary;
using Doppel.Images.Xz;

namespace Doppel.Tests.Unit.Images.Doubles;

/// <summary>Writes .xz files that hold their content as it is: enough for archives that tests make up.</summary>
internal static class XzEncoder
{
    internal static byte[] Store(ReadOnlySpan<byte> content)
    {
        MemoryStream file = new();
        byte[] flags = [0, 1];
        file.Write([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, .. flags, .. Word(Crc32.Append(0, flags))]);

        byte[] header = [2, 0, 0x21, 1, 16, 0, 0, 0];
        MemoryStream block = new();
        block.Write([.. header, .. Word(Crc32.Append(0, header))]);
        for (int offset = 0; offset < content.Length; offset += 1 << 16)
        {
            ReadOnlySpan<byte> chunk = content[offset..Math.Min(content.Length, offset + (1 << 16))];
            block.Write([(byte)(offset == 0 ? 1 : 2), (byte)((chunk.Length - 1) >> 8), (byte)(chunk.Length - 1)]);
            block.Write(chunk);
        }
        block.WriteByte(0);
        long unpadded = block.Length + 4;
        while (block.Length % 4 != 0) block.WriteByte(0);
        block.Write(Word(Crc32.Append(0, content)));
        block.WriteTo(file);

        List<byte> index = [0, 1, .. Number(unpadded), .. Number(content.Length)];
        while (index.Count % 4 != 0) index.Add(0);
        byte[] indexBytes = [.. index];
        file.Write([.. indexBytes, .. Word(Crc32.Append(0, indexBytes))]);
        byte[] footer = [.. Word((uint)(indexBytes.Length + 4) / 4 - 1), .. flags];
        file.Write([.. Word(Crc32.Append(0, footer)), .. footer, (byte)'Y', (byte)'Z']);
        return file.ToArray();
    }

    private static byte[] Word(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static List<byte> Number(long value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return bytes;
    }
}
