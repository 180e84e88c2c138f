using Doppel.Core.Errors;

namespace Doppel.Machine.Tools;

/// <summary>A file with guest code: an ELF file, or nothing but code from an address on.</summary>
internal sealed class CodeFile
{
    private readonly string _path;
    private readonly ElfCode? _elf;

    /// <param name="address">Where the first byte of a raw file is; 0 if null.</param>
    /// <exception cref="DoppelException">The file cannot be read, is damaged or for another machine.</exception>
    public CodeFile(string path, ulong? address)
    {
        _path = path;
        ReadOnlyMemory<byte> file = Read(path);
        if (!ElfCode.IsElf(file.Span))
        {
            Sections = [new CodeSection("", address ?? 0, file)];
            return;
        }

        if (address is not null) throw new DoppelException(ErrorKind.Usage, $"{path}: an ELF file has its own addresses", "leave --address out");
        _elf = new ElfCode(path, file);
        Sections = _elf.Sections;
    }

    public IReadOnlyList<CodeSection> Sections { get; }

    /// <summary>Where the code of a name begins, or, without one, that of the file.</summary>
    /// <exception cref="DoppelException">There is no such name, or no code at all.</exception>
    public ulong AddressOf(string? symbol)
    {
        if (symbol is null)
        {
            if (_elf is { IsRelocatable: false } && Contains(_elf.Entry)) return _elf.Entry;
            return Sections.FirstOrDefault(s => !s.Code.IsEmpty)?.Address ?? throw new DoppelException(ErrorKind.NotFound, $"{_path}: there is no code", "a file with code");
        }

        if (_elf is null) throw new DoppelException(ErrorKind.Usage, $"{_path}: a raw file has no symbols", "leave --symbol out");
        foreach (((_, ulong address), string name) in _elf.Symbols)
        {
            if (name == symbol) return address;
        }

        throw new DoppelException(ErrorKind.NotFound, $"{_path}: there is no symbol '{symbol}'", $"doppel disasm {_path}");
    }

    public bool Contains(ulong address) => Sections.Any(s => address - s.Address < (ulong)s.Code.Length);

    /// <summary>The bytes of a page as far as the file has code for it; zeros elsewhere. Null if it has none.</summary>
    public byte[]? Page(ulong address)
    {
        const int Size = 4096;
        byte[]? page = null;
        foreach (CodeSection section in Sections)
        {
            for (int i = 0; i < Size; i++)
            {
                ulong offset = address + (ulong)i - section.Address;
                if (offset >= (ulong)section.Code.Length) continue;
                int count = (int)Math.Min((ulong)(Size - i), (ulong)section.Code.Length - offset);
                section.Code.Span.Slice((int)offset, count).CopyTo((page ??= new byte[Size]).AsSpan(i));
                break;
            }
        }

        return page;
    }

    /// <exception cref="DoppelException">The file cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.NotFound, $"{path}: there is no such file", "check the path", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DoppelException(ErrorKind.Denied, Directory.Exists(path) ? $"{path}: is a folder" : $"{path}: may not be read", "a file that you may read", exception);
        }
        catch (IOException exception)
        {
            throw new DoppelException(ErrorKind.Failed, $"{path}: cannot be read: {exception.Message}", "a file of less than 2 GiB on a disk that works", exception);
        }
    }
}
