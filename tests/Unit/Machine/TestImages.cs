using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Small images of every kind, right and wrong.</summary>
internal static class TestImages
{
    /// <summary>A flat kernel with the RISC-V boot header; its code is at 64.</summary>
    public static byte[] Kernel(ulong imageSize = 0x1000, int fileSize = 0x400, ulong textOffset = 0x20_0000, ulong flags = 0, ReadOnlySpan<uint> code = default)
    {
        byte[] file = new byte[fileSize];
        BinaryPrimitives.WriteUInt32LittleEndian(file, 0x0400006f); // j 64
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(8), textOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(16), imageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(24), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(32), 2);
        "RISCV"u8.CopyTo(file.AsSpan(0x30));
        "RSC\u0005"u8.CopyTo(file.AsSpan(0x38));
        for (int i = 0; i < code.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(64 + i * 4), code[i]);
        return file;
    }

    /// <summary>A kernel with an EFI stub, whose section table says how long the file must be.</summary>
    public static byte[] EfiKernel(int fileSize, uint declaredSize)
    {
        byte[] file = Kernel(fileSize: Math.Max(fileSize, 0x200));
        "MZ"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(0x3c), 0x40);
        Span<byte> pe = file.AsSpan(0x40);
        "PE\0\0"u8.CopyTo(pe);
        BinaryPrimitives.WriteUInt16LittleEndian(pe[4..], 0x5064);
        BinaryPrimitives.WriteUInt16LittleEndian(pe[6..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(pe[20..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(pe[(40 + 16)..], declaredSize - 0x100);
        BinaryPrimitives.WriteUInt32LittleEndian(pe[(40 + 20)..], 0x100);
        return file[..fileSize];
    }

    /// <summary>An executable of one segment, with symbols.</summary>
    public static byte[] Elf(ulong address, ReadOnlySpan<uint> code, ulong memoryLength = 0, ushort machine = 243, byte bits = 2, ulong? entry = null, params (string Name, ulong Value)[] symbols)
    {
        const int CodeAt = 64 + 56;
        var strings = new List<byte> { 0 };
        var table = new List<byte>(new byte[24]);
        foreach ((string name, ulong value) in symbols)
        {
            byte[] symbol = new byte[24];
            BinaryPrimitives.WriteUInt32LittleEndian(symbol, (uint)strings.Count);
            BinaryPrimitives.WriteUInt64LittleEndian(symbol.AsSpan(8), value);
            table.AddRange(symbol);
            strings.AddRange(Encoding.ASCII.GetBytes(name + "\0"));
        }

        int codeLength = code.Length * 4;
        int symbolsAt = CodeAt + codeLength;
        int stringsAt = symbolsAt + table.Count;
        int sectionsAt = stringsAt + strings.Count;
        byte[] file = new byte[sectionsAt + 3 * 64];
        Span<byte> f = file;
        "\u007fELF"u8.CopyTo(f);
        f[4] = bits;
        f[5] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(f[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(f[18..], machine);
        BinaryPrimitives.WriteUInt64LittleEndian(f[24..], entry ?? address);
        BinaryPrimitives.WriteUInt64LittleEndian(f[32..], 64);
        BinaryPrimitives.WriteUInt64LittleEndian(f[40..], (ulong)sectionsAt);
        BinaryPrimitives.WriteUInt16LittleEndian(f[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(f[56..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(f[58..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(f[60..], 3);

        Span<byte> segment = f[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], CodeAt);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)codeLength);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], memoryLength == 0 ? (ulong)codeLength : memoryLength);
        for (int i = 0; i < code.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(f[(CodeAt + i * 4)..], code[i]);

        table.CopyTo(file, symbolsAt);
        strings.CopyTo(file, stringsAt);
        Section(f[(sectionsAt + 64)..], 2, symbolsAt, table.Count, 2);
        Section(f[(sectionsAt + 128)..], 3, stringsAt, strings.Count, 0);
        return file;
    }

    public static byte[] Gzip(byte[] data)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest)) gzip.Write(data);
        return output.ToArray();
    }

    private static void Section(Span<byte> header, uint type, int offset, int length, uint link)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], link);
    }
}
