// Implements: System V ABI, ELF-64, as much as a core file with one segment needs; e_machine of the RISC-V ELF psABI.
using System.Buffers.Binary;

namespace Doppel.Machine.Snapshots;

/// <summary>The beginning of a core file (<c>ET_CORE</c>) whose only segment is the guest's RAM, for debuggers.</summary>
internal static class ElfCore
{
    /// <summary>Where in the file RAM begins.</summary>
    public const int DataOffset = 4096;

    private const int FileHeader = 64;
    private const int ProgramHeader = 56;
    private const ushort Core = 4;
    private const ushort RiscV = 243;
    private const uint Load = 1;
    private const uint ReadWriteExecute = 7;

    public static byte[] Header(ulong address, ulong length)
    {
        byte[] bytes = new byte[DataOffset];
        Span<byte> file = bytes;
        // ELFMAG, ELFCLASS64, ELFDATA2LSB, EV_CURRENT.
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], Core);
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], RiscV);
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], FileHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], FileHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], ProgramHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 1);

        Span<byte> segment = file[FileHeader..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, Load);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], ReadWriteExecute);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], DataOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], DataOffset);
        return bytes;
    }
}
