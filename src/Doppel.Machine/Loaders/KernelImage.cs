// Implements: the RISC-V boot image header (Linux Documentation/arch/riscv/boot-image-header.rst, version 0.2) and, around it,
// gzip (RFC 1952), the EFI zboot wrapper and the PE/COFF header of the EFI stub.
using System.Buffers.Binary;

namespace Doppel.Machine.Loaders;

/// <summary>A kernel to be started in S-mode: a flat <c>Image</c> or an ELF executable, unpacked.</summary>
internal sealed record KernelImage
{
    private const int HeaderLength = 64;

    /// <summary>What to load. A flat image has one segment whose address is an offset from the start of RAM.</summary>
    public required IReadOnlyList<LoadSegment> Segments { get; init; }

    /// <summary>Where execution starts; an offset from the start of RAM for a flat image.</summary>
    public required ulong Entry { get; init; }

    /// <summary>Whether addresses are offsets from the start of RAM.</summary>
    public required bool Relative { get; init; }

    /// <exception cref="ImageFormatException">It is no kernel for this machine, or damaged.</exception>
    public static KernelImage Parse(ReadOnlyMemory<byte> file) => Parse(file, nested: false);

    private static KernelImage Parse(ReadOnlyMemory<byte> file, bool nested)
    {
        ReadOnlySpan<byte> span = file.Span;
        if (span.IsEmpty) throw new ImageFormatException("is empty", "give a kernel for riscv64");
        if (ElfImage.IsElf(span)) return FromElf(ElfImage.Parse(file));
        if (!nested && CompressedImage.TryUnpack(file, out ReadOnlyMemory<byte> unpacked)) return Parse(unpacked, nested: true);
        if (span.Length >= HeaderLength && span.Slice(0x38, 4).SequenceEqual("RSC\u0005"u8)) return FromImage(file);
        throw NotAKernel(span);
    }

    private static KernelImage FromElf(ElfImage elf) => new() { Segments = elf.Segments, Entry = elf.Entry, Relative = false };

    private static KernelImage FromImage(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> span = file.Span;
        ulong textOffset = BinaryPrimitives.ReadUInt64LittleEndian(span[8..]);
        ulong imageSize = BinaryPrimitives.ReadUInt64LittleEndian(span[16..]);
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(span[24..]);
        if ((flags & 1) != 0) throw new ImageFormatException("is a big-endian kernel", "build it for a little-endian machine");
        // Before version 0.2 of the header the size was 0: the kernel then needs at least what the file has.
        ulong memoryLength = Math.Max(imageSize, (ulong)span.Length);
        if (textOffset > 1UL << 40 || memoryLength > 1UL << 40) throw new ImageFormatException("has an impossible header", "the file is damaged");
        if (DeclaredLength(span) > (ulong)span.Length)
        {
            throw new ImageFormatException($"is truncated: {span.Length} of {DeclaredLength(span)} bytes are there", "copy or build the file again");
        }

        return new KernelImage { Segments = [new LoadSegment(textOffset, file, memoryLength)], Entry = textOffset, Relative = true };
    }

    /// <summary>How long the file must be by the section table of its PE header; 0 if it has none.</summary>
    private static ulong DeclaredLength(ReadOnlySpan<byte> span)
    {
        uint header = BinaryPrimitives.ReadUInt32LittleEndian(span[0x3c..]);
        if (!span.StartsWith("MZ"u8) || header < HeaderLength) return 0;
        if (header + 24UL > (ulong)span.Length) return header + 24UL;
        ReadOnlySpan<byte> pe = span[(int)header..];
        if (!pe.StartsWith("PE\0\0"u8)) return 0;
        int sections = BinaryPrimitives.ReadUInt16LittleEndian(pe[6..]);
        int table = 24 + BinaryPrimitives.ReadUInt16LittleEndian(pe[20..]);
        ulong end = header + (ulong)table + (ulong)sections * 40;
        if (end > (ulong)span.Length) return end;
        for (int i = 0; i < sections; i++)
        {
            ReadOnlySpan<byte> section = pe[(table + i * 40)..];
            ulong sectionEnd = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(section[20..]) + BinaryPrimitives.ReadUInt32LittleEndian(section[16..]);
            end = Math.Max(end, sectionEnd);
        }

        return end;
    }

    private static ImageFormatException NotAKernel(ReadOnlySpan<byte> span)
    {
        if (span.Length < HeaderLength) return new ImageFormatException($"is truncated: {span.Length} bytes are no kernel", "copy or build the file again");
        if (span.Length >= 0x206 && span.Slice(0x202, 4).SequenceEqual("HdrS"u8)) return Architectures.Foreign("x86, a bzImage");
        if (span.Slice(0x38, 4).SequenceEqual("ARMd"u8)) return Architectures.Foreign("arm64");
        if (span.StartsWith("MZ"u8))
        {
            uint header = BinaryPrimitives.ReadUInt32LittleEndian(span[0x3c..]);
            if (header + 6UL <= (ulong)span.Length && span.Slice((int)header, 4).SequenceEqual("PE\0\0"u8))
            {
                ushort machine = BinaryPrimitives.ReadUInt16LittleEndian(span[((int)header + 4)..]);
                return machine == Architectures.PeRiscV64
                    ? new ImageFormatException("is an EFI program but no kernel", "EFI programs need firmware that starts them")
                    : Architectures.Foreign(Architectures.OfPe(machine));
            }
        }

        return new ImageFormatException("is no kernel: neither a RISC-V Image nor ELF", "give a kernel for riscv64, such as arch/riscv/boot/Image; other programs start with --bios");
    }
}
