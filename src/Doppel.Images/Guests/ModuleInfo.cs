// What a kernel module says of itself: the section .modinfo of its ELF file (include/linux/module.h, MODULE_INFO).
using System.Buffers.Binary;
using System.Text;

namespace Doppel.Images.Guests;

/// <summary>A module's dependencies and aliases. Debian's package has no modules.dep: depmod makes it at installation.</summary>
internal sealed record ModuleInfo(IReadOnlyList<string> Depends, IReadOnlyList<string> Aliases)
{
    private const int SectionHeaderSize = 64;

    internal static ModuleInfo Parse(ReadOnlySpan<byte> elf)
    {
        try
        {
            List<string> depends = [], aliases = [];
            foreach (string field in Encoding.UTF8.GetString(Section(elf, ".modinfo"u8)).Split('\0', StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = field.IndexOf('=');
                if (equals < 0) continue;
                string value = field[(equals + 1)..];
                switch (field[..equals])
                {
                    case "depends": depends.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(NormalName)); break;
                    case "alias": aliases.Add(value); break;
                }
            }
            return new ModuleInfo(depends, aliases);
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new InvalidDataException("the kernel module is cut short", error);
        }
    }

    /// <summary>The name under which the kernel knows a module: dashes of the file's name are underscores.</summary>
    internal static string NormalName(string name) => name.Replace('-', '_');

    // ELF-64, little-endian: the section headers are at e_shoff (0x28), e_shnum (0x3C) of them, names in section e_shstrndx (0x3E).
    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> name)
    {
        if (elf.Length < SectionHeaderSize || !elf[..4].SequenceEqual("\u007fELF"u8) || elf[4] != 2 || elf[5] != 1) throw new InvalidDataException("a kernel module is not a 64-bit ELF file");
        ReadOnlySpan<byte> headers = Slice(elf, BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]), (ulong)elf.Length);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3C..]);
        ReadOnlySpan<byte> names = Content(elf, Header(headers, BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3E..])));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = Header(headers, i);
            ReadOnlySpan<byte> sectionName = Slice(names, BinaryPrimitives.ReadUInt32LittleEndian(header), (ulong)names.Length);
            if (sectionName.StartsWith(name) && sectionName.Length > name.Length && sectionName[name.Length] == 0) return Content(elf, header);
        }
        throw new InvalidDataException("a kernel module has no .modinfo");
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> headers, int index) => headers.Slice(index * SectionHeaderSize, SectionHeaderSize);

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> header)
    {
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[0x18..]), size = BinaryPrimitives.ReadUInt64LittleEndian(header[0x20..]);
        ReadOnlySpan<byte> rest = Slice(elf, offset, (ulong)elf.Length);
        return size <= (ulong)rest.Length ? rest[..(int)size] : throw new InvalidDataException("the kernel module is cut short");
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, ulong offset, ulong length) =>
        offset <= length ? bytes[(int)offset..] : throw new InvalidDataException("the kernel module is cut short");
}
