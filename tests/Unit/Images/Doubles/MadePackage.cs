using System.Buffers.Binary;
using System.Formats.Tar;
using System.Globalization;
using System.Text;

namespace Doppel.Tests.Unit.Images.Doubles;

/// <summary>Makes .deb files, kernels and kernel modules that look right from outside.</summary>
internal static class MadePackage
{
    /// <summary>When the packages were made, as their control files say.</summary>
    internal static DateTimeOffset Made { get; } = new(2026, 3, 4, 5, 6, 8, TimeSpan.Zero);

    internal static byte[] Deb(params IEnumerable<TarEntry> entries)
    {
        TarEntry control = File("control", "Package: made\n"u8.ToArray());
        control.ModificationTime = Made;
        return Ar(("debian-binary", "2.0\n"u8.ToArray()), ("control.tar.xz", XzEncoder.Store(Tar([control]))), ("data.tar.xz", XzEncoder.Store(Tar(entries))));
    }

    private static byte[] Tar(IEnumerable<TarEntry> entries)
    {
        using MemoryStream tar = new();
        using (TarWriter writer = new(tar, TarEntryFormat.Gnu, leaveOpen: true))
            foreach (TarEntry entry in entries) writer.WriteEntry(entry);
        return tar.ToArray();
    }

    internal static byte[] Ar(params IEnumerable<(string Name, byte[] Content)> members)
    {
        using MemoryStream ar = new();
        ar.Write("!<arch>\n"u8);
        foreach ((string name, byte[] content) in members)
        {
            ar.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name,-16}{0,-12}{0,-6}{0,-6}{100644,-8}{content.Length,-10}`\n")));
            ar.Write(content);
            if (content.Length % 2 != 0) ar.WriteByte((byte)'\n');
        }
        return ar.ToArray();
    }

    internal static TarEntry File(string path, byte[] content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead) =>
        new GnuTarEntry(TarEntryType.RegularFile, "./" + path) { DataStream = new MemoryStream(content), Mode = mode };

    internal static TarEntry Directory(string path) => new GnuTarEntry(TarEntryType.Directory, $"./{path}/") { Mode = (UnixFileMode)0x1ED };

    internal static TarEntry Link(string path, string target) => new GnuTarEntry(TarEntryType.SymbolicLink, "./" + path) { LinkName = target };

    /// <summary>The header of a RISC-V Image and something after it.</summary>
    internal static byte[] Kernel(string content)
    {
        byte[] image = [.. new byte[64], .. Encoding.UTF8.GetBytes(content)];
        "RISCV\0\0\0"u8.CopyTo(image.AsSpan(0x30));
        "RSC\u0005"u8.CopyTo(image.AsSpan(0x38));
        return image;
    }

    /// <summary>An ELF file with two sections: .modinfo and the sections' names.</summary>
    internal static byte[] Module(params IEnumerable<string> info)
    {
        byte[] modinfo = Encoding.UTF8.GetBytes(string.Join('\0', info) + "\0"), names = "\0.modinfo\0.shstrtab\0"u8.ToArray();
        int namesAt = 64 + modinfo.Length, headersAt = namesAt + names.Length;
        byte[] elf = new byte[headersAt + 3 * 64];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(elf);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(0x28), (ulong)headersAt);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3C), 3);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(0x3E), 2);
        modinfo.CopyTo(elf, 64);
        names.CopyTo(elf, namesAt);
        Section(1, 1, 64, modinfo.Length);
        Section(2, 10, namesAt, names.Length);
        return elf;

        void Section(int index, uint name, int offset, int size)
        {
            Span<byte> header = elf.AsSpan(headersAt + index * 64);
            BinaryPrimitives.WriteUInt32LittleEndian(header, name);
            BinaryPrimitives.WriteUInt64LittleEndian(header[0x18..], (ulong)offset);
            BinaryPrimitives.WriteUInt64LittleEndian(header[0x20..], (ulong)size);
        }
    }
}
