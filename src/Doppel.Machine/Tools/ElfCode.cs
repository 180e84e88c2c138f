// Implements: ELF-64 object file format (version 1.5), sections and symbols of any kind of file; machine EM_RISCV of the RISC-V psABI.
using System.Buffers.Binary;
using System.Text;
using Doppel.Core.Errors;

namespace Doppel.Machine.Tools;

/// <summary>A stretch of instructions in a file.</summary>
internal sealed record CodeSection(string Name, ulong Address, ReadOnlyMemory<byte> Code);

/// <summary>The code and the names in an ELF file. The file is not trusted: whatever is damaged is reported, never followed.</summary>
internal sealed class ElfCode
{
    private const int HeaderLength = 64;
    private const int SectionHeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int SymbolLength = 24;
    private const ushort MachineRiscV = 243;
    private const ushort Relocatable = 1;
    private const uint LoadType = 1;
    private const uint Executable = 1;
    private const uint NoBits = 8;
    private const uint SymbolTable = 2;
    private const uint DynamicSymbolTable = 11;
    private const ulong ExecInstructions = 4;
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _file;

    /// <exception cref="DoppelException">It is no 64-bit RISC-V file, or damaged.</exception>
    public ElfCode(string path, ReadOnlyMemory<byte> file)
    {
        (_path, _file) = (path, file);
        ReadOnlySpan<byte> header = Slice(0, HeaderLength, "the header").Span;
        ushort machine = U16(header, 18);
        if (machine != MachineRiscV) throw Error($"is for another instruction set (ELF machine {machine})", "a RISC-V file");
        if (header[4] != 2 || header[5] != 1) throw Error("is not a 64-bit little-endian file", "a file built for rv64");
        Entry = U64(header, 24);
        IsRelocatable = U16(header, 16) == Relocatable;
        List<Section> sections = [.. ReadSections(header)];
        Sections = sections.Exists(s => (s.Flags & ExecInstructions) != 0) ? [.. CodeSections(sections)] : [.. CodeSegments(header)];
        Symbols = ReadSymbols(sections);
    }

    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\u007fELF"u8);

    /// <summary>Where the program starts; 0 if the file is none.</summary>
    public ulong Entry { get; }

    /// <summary>Addresses in an object file that is not linked yet count from the start of each section.</summary>
    public bool IsRelocatable { get; }

    public IReadOnlyList<CodeSection> Sections { get; }

    /// <summary>Names by section and address; the section is null in a linked file, whose addresses are its own.</summary>
    public IReadOnlyDictionary<(string? Section, ulong Address), string> Symbols { get; }

    private IEnumerable<Section> ReadSections(ReadOnlySpan<byte> header)
    {
        ulong table = U64(header, 40);
        int count = U16(header, 60);
        int names = U16(header, 62);
        if (table == 0 || count == 0) return [];
        var raw = new List<Section>();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = Slice(table + (ulong)(i * SectionHeaderLength), SectionHeaderLength, $"section header {i}").Span;
            raw.Add(new Section(U32(entry, 0), "", U32(entry, 4), U64(entry, 8), U64(entry, 16), U64(entry, 24), U64(entry, 32), U32(entry, 40)));
        }

        ReadOnlyMemory<byte> strings = names < raw.Count ? Data(raw[names], "the section names") : default;
        return raw.Select(s => s with { Name = Text(strings.Span, s.NameOffset) });
    }

    private IEnumerable<CodeSection> CodeSections(IEnumerable<Section> sections) =>
        sections.Where(s => (s.Flags & ExecInstructions) != 0 && s.Type != NoBits).Select(s => new CodeSection(s.Name, s.Address, Data(s, $"section {s.Name}")));

    /// <summary>A file without section headers still has segments.</summary>
    private List<CodeSection> CodeSegments(ReadOnlySpan<byte> header)
    {
        var segments = new List<CodeSection>();
        for (int i = 0; i < U16(header, 56); i++)
        {
            ReadOnlySpan<byte> entry = Slice(U64(header, 32) + (ulong)(i * ProgramHeaderLength), ProgramHeaderLength, $"program header {i}").Span;
            if (U32(entry, 0) != LoadType || (U32(entry, 4) & Executable) == 0) continue;
            segments.Add(new CodeSection($"segment {i}", U64(entry, 16), Slice(U64(entry, 8), U64(entry, 32), $"segment {i}")));
        }

        return segments;
    }

    private Dictionary<(string?, ulong), string> ReadSymbols(List<Section> sections)
    {
        var names = new Dictionary<(string?, ulong), string>();
        foreach (Section table in sections.Where(s => s.Type is SymbolTable or DynamicSymbolTable))
        {
            if (table.Link >= sections.Count) throw Error($"has a symbol table '{table.Name}' without names", "a file that is whole");
            ReadOnlyMemory<byte> strings = Data(sections[(int)table.Link], "the symbol names");
            ReadOnlyMemory<byte> symbols = Data(table, "the symbols");
            for (int at = 0; at + SymbolLength <= symbols.Length; at += SymbolLength)
            {
                ReadOnlySpan<byte> symbol = symbols.Span.Slice(at, SymbolLength);
                int kind = symbol[4] & 15;
                int section = U16(symbol, 6);
                string name = Text(strings.Span, U32(symbol, 0));
                // Functions and plain labels; a name with $ marks code and data for tools.
                if (kind is not (0 or 2) || section == 0 || section >= sections.Count || name.Length == 0 || name[0] == '$') continue;
                names.TryAdd((IsRelocatable ? sections[section].Name : null, U64(symbol, 8)), name);
            }
        }

        return names;
    }

    private ReadOnlyMemory<byte> Data(Section section, string what) => section.Type == NoBits ? default : Slice(section.Offset, section.Length, what);

    private ReadOnlyMemory<byte> Slice(ulong offset, ulong length, string what)
    {
        ulong all = (ulong)_file.Length;
        if (offset > all || length > all - offset) throw Error($"is truncated in {what}", "copy or build it again", ErrorKind.Corrupt);
        return _file.Slice((int)offset, (int)length);
    }

    private DoppelException Error(string message, string hint, ErrorKind kind = ErrorKind.Failed) => new(kind, $"{_path}: {message}", hint);

    private static string Text(ReadOnlySpan<byte> strings, uint offset)
    {
        if (offset >= (uint)strings.Length) return "";
        ReadOnlySpan<byte> text = strings[(int)offset..];
        int end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }

    private static ushort U16(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);

    private static uint U32(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    private static ulong U64(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);

    private sealed record Section(uint NameOffset, string Name, uint Type, ulong Flags, ulong Address, ulong Offset, ulong Length, uint Link);
}
