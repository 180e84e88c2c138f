// Implements: ELF-64 object file format (version 1.5) as far as executables need it; machine EM_RISCV of the RISC-V psABI.
using System.Buffers.Binary;
using System.Text;

namespace Doppel.Machine.Loaders;

/// <summary>An executable: its segments by physical address, its entry and its symbols.</summary>
internal sealed class ElfImage
{
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int SectionHeaderLength = 64;
    private const int SymbolLength = 24;
    private const int MaxHeaders = 4096;
    private const uint LoadType = 1;
    private const uint SymbolTableType = 2;
    private readonly ReadOnlyMemory<byte> _file;

    private ElfImage(ReadOnlyMemory<byte> file) => _file = file;

    /// <summary>Where execution starts, as a physical address.</summary>
    public ulong Entry { get; private set; }

    public IReadOnlyList<LoadSegment> Segments { get; private set; } = [];

    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\u007fELF"u8);

    /// <exception cref="ImageFormatException">It is no 64-bit RISC-V executable, or damaged.</exception>
    public static ElfImage Parse(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> span = file.Span;
        if (!IsElf(span)) throw new ImageFormatException("is no ELF file", "give a RISC-V executable");
        if (span.Length < HeaderLength) throw Truncated("its header");
        if (span[5] != 1) throw new ImageFormatException("is a big-endian ELF file", "RISC-V programs are little-endian");
        ushort machine = BinaryPrimitives.ReadUInt16LittleEndian(span[18..]);
        if (machine != Architectures.ElfRiscV) throw Architectures.Foreign(Architectures.OfElf(machine));
        if (span[4] != 2) throw new ImageFormatException("is a 32-bit RISC-V program", "the machine has 64-bit processors: build it for rv64");
        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(span[16..]);
        if (type is not (2 or 3)) throw new ImageFormatException("is an ELF file but no executable", "link it first");

        var image = new ElfImage(file);
        image.ReadSegments(BinaryPrimitives.ReadUInt64LittleEndian(span[24..]));
        return image;
    }

    /// <summary>The value of a symbol, or null if the file does not have it.</summary>
    public ulong? FindSymbol(string name)
    {
        ReadOnlySpan<byte> span = _file.Span;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(span[40..]);
        int count = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(span[60..]), MaxHeaders);
        byte[] wanted = [.. Encoding.UTF8.GetBytes(name), 0];
        for (int i = 0; i < count; i++)
        {
            // A stripped or damaged section table is no obstacle to running the program: then there are no symbols.
            if (!TrySlice(table + (ulong)(i * SectionHeaderLength), SectionHeaderLength, out ReadOnlySpan<byte> section)) return null;
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SymbolTableType) continue;
            ulong link = BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
            if (!TrySection(section, out ReadOnlySpan<byte> symbols)) return null;
            if (!TrySlice(table + link * SectionHeaderLength, SectionHeaderLength, out ReadOnlySpan<byte> stringSection)) return null;
            if (!TrySection(stringSection, out ReadOnlySpan<byte> strings)) return null;
            for (; symbols.Length >= SymbolLength; symbols = symbols[SymbolLength..])
            {
                uint nameOffset = BinaryPrimitives.ReadUInt32LittleEndian(symbols);
                if (nameOffset < (uint)strings.Length && strings[(int)nameOffset..].StartsWith(wanted)) return BinaryPrimitives.ReadUInt64LittleEndian(symbols[8..]);
            }
        }

        return null;
    }

    private void ReadSegments(ulong entry)
    {
        ReadOnlySpan<byte> span = _file.Span;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(span[32..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(span[56..]);
        if (count is 0 or > MaxHeaders || BinaryPrimitives.ReadUInt16LittleEndian(span[54..]) != ProgramHeaderLength) throw new ImageFormatException("has no program headers", "give a linked executable");

        var segments = new List<LoadSegment>();
        ulong? start = null;
        for (int i = 0; i < count; i++)
        {
            if (!TrySlice(table + (ulong)(i * ProgramHeaderLength), ProgramHeaderLength, out ReadOnlySpan<byte> header)) throw Truncated("its program headers");
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LoadType) continue;
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            ulong virtualAddress = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
            ulong physicalAddress = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            ulong fileLength = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            ulong memoryLength = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
            if (memoryLength == 0) continue;
            if (fileLength > memoryLength || physicalAddress + memoryLength < physicalAddress) throw new ImageFormatException($"has an impossible program header {i}", "the file is damaged");
            if (!TrySlice(offset, fileLength, out _)) throw Truncated($"the data of program header {i}");
            segments.Add(new LoadSegment(physicalAddress, _file.Slice((int)offset, (int)fileLength), memoryLength));

            // The entry is a virtual address; before paging is on, what counts is where those bytes are loaded.
            if (entry - virtualAddress < memoryLength) start ??= physicalAddress + (entry - virtualAddress);
        }

        if (segments.Count == 0) throw new ImageFormatException("has nothing to load", "give a linked executable");
        Segments = segments;
        Entry = start ?? throw new ImageFormatException($"has its entry 0x{entry:x} outside of its segments", "check the linker script's ENTRY");
    }

    private bool TrySection(ReadOnlySpan<byte> header, out ReadOnlySpan<byte> data) =>
        TrySlice(BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]), out data);

    private bool TrySlice(ulong offset, ulong length, out ReadOnlySpan<byte> slice)
    {
        slice = default;
        ulong all = (ulong)_file.Length;
        if (offset > all || length > all - offset) return false;
        slice = _file.Span.Slice((int)offset, (int)length);
        return true;
    }

    private static ImageFormatException Truncated(string what) => new($"is truncated in {what}", "copy or build the file again");
}
