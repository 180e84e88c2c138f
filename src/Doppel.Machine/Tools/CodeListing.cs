using Doppel.Core.Errors;
using Doppel.RiscV.Isa;

namespace Doppel.Machine.Tools;

/// <summary>One line of a listing.</summary>
/// <param name="Section">Name of the section, on its first line only.</param>
/// <param name="Symbol">What is named at this address.</param>
/// <param name="Word">The instruction's bits.</param>
/// <param name="Length">Bytes of the instruction.</param>
/// <param name="Text">The instruction as an assembler writes it.</param>
public sealed record CodeLine(ulong Address, string? Section, string? Symbol, uint Word, int Length, string Text);

/// <summary>Guest code as text, for those who may not know an instruction set: the command line.</summary>
public static class CodeListing
{
    /// <summary>Lists the code of an ELF file, or all of a file that is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="address">Where the first byte of a raw file is; 0 if null. An ELF file knows better.</param>
    /// <param name="symbol">Only what follows this name, up to the next one.</param>
    /// <exception cref="DoppelException">The file cannot be read, is damaged, for another machine, or does not have the symbol.</exception>
    public static IEnumerable<CodeLine> Of(string path, ulong? address = null, string? symbol = null)
    {
        ReadOnlyMemory<byte> file = CodeFile.Read(path);
        if (!ElfCode.IsElf(file.Span))
        {
            if (symbol is not null) throw new DoppelException(ErrorKind.Usage, $"{path}: a raw file has no symbols", "leave --symbol out");
            return Disassembler.List(file, address ?? 0).Select(line => Line(line, null, null));
        }

        if (address is not null) throw new DoppelException(ErrorKind.Usage, $"{path}: an ELF file has its own addresses", "leave --address out");
        var elf = new ElfCode(path, file);
        IEnumerable<CodeLine> lines = Lines(elf);
        if (symbol is null) return lines;
        if (!elf.Symbols.Values.Contains(symbol)) throw new DoppelException(ErrorKind.NotFound, $"{path}: there is no symbol '{symbol}'", $"doppel disasm {path}");
        return lines.SkipWhile(l => l.Symbol != symbol).TakeWhile((l, i) => i == 0 || (l.Symbol is null && l.Section is null));
    }

    private static IEnumerable<CodeLine> Lines(ElfCode elf)
    {
        foreach (CodeSection section in elf.Sections)
        {
            string? name = section.Name;
            foreach (DisassembledLine line in Disassembler.List(section.Code, section.Address))
            {
                // In an object file symbols count from their section, which starts at 0 itself.
                elf.Symbols.TryGetValue((elf.IsRelocatable ? section.Name : null, line.Address), out string? symbol);
                yield return Line(line, name, symbol);
                name = null;
            }
        }
    }

    private static CodeLine Line(DisassembledLine line, string? section, string? symbol) => new(line.Address, section, symbol, line.Word, line.Length, line.Text);
}
