namespace Doppel.Machine.Loaders;

/// <summary>What runs first in M-mode: a raw image for the start of RAM, or an ELF executable.</summary>
internal sealed record FirmwareImage
{
    public required IReadOnlyList<LoadSegment> Segments { get; init; }

    public required ulong Entry { get; init; }

    /// <summary>The symbol <c>tohost</c>: the program speaks the host-target interface.</summary>
    public ulong? ToHost { get; init; }

    /// <summary>The symbol <c>fromhost</c>.</summary>
    public ulong? FromHost { get; init; }

    /// <exception cref="ImageFormatException">It cannot run on this machine, or is damaged.</exception>
    public static FirmwareImage Parse(ReadOnlyMemory<byte> file, ulong rawAddress)
    {
        ReadOnlySpan<byte> span = file.Span;
        if (span.IsEmpty) throw new ImageFormatException("is empty", "give firmware or a bare-metal program for riscv64");
        if (ElfImage.IsElf(span))
        {
            ElfImage elf = ElfImage.Parse(file);
            return new FirmwareImage
            {
                Segments = elf.Segments,
                Entry = elf.Entry,
                ToHost = elf.FindSymbol("tohost"),
                FromHost = elf.FindSymbol("fromhost"),
            };
        }

        if (span.Length >= 64 && span.Slice(0x38, 4).SequenceEqual("RSC\u0005"u8)) throw new ImageFormatException("is a Linux kernel, no firmware", "use --kernel for it");
        return new FirmwareImage { Segments = [new LoadSegment(rawAddress, file, (ulong)span.Length)], Entry = rawAddress };
    }
}
