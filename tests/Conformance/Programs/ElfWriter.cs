// ELF-64 Object File Format 1.5: ELF Header, Program Header; RISC-V ELF Specification: machine 243, float ABI flags.
using System.Buffers.Binary;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>Writes the smallest executable: one segment that may be read, written and executed.</summary>
internal static class ElfWriter
{
    private const int HeaderBytes = 0x1000;

    public static byte[] Write(ReadOnlySpan<byte> image, ulong address)
    {
        byte[] file = new byte[HeaderBytes + image.Length];
        Span<byte> header = file;
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header);
        Put16(header, 16, 2); // executable
        Put16(header, 18, 243);
        Put32(header, 20, 1);
        Put64(header, 24, address); // entry
        Put64(header, 32, 64); // program headers
        Put32(header, 48, 5); // compressed instructions, double-float ABI
        Put16(header, 52, 64);
        Put16(header, 54, 56);
        Put16(header, 56, 1);
        Put32(header, 64, 1); // PT_LOAD
        Put32(header, 68, 7);
        Put64(header, 72, HeaderBytes);
        Put64(header, 80, address);
        Put64(header, 88, address);
        Put64(header, 96, (ulong)image.Length);
        Put64(header, 104, (ulong)image.Length);
        Put64(header, 112, 0x1000);
        image.CopyTo(header[HeaderBytes..]);
        return file;
    }

    private static void Put16(Span<byte> span, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(span[offset..], value);

    private static void Put32(Span<byte> span, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(span[offset..], value);

    private static void Put64(Span<byte> span, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(span[offset..], value);
}
