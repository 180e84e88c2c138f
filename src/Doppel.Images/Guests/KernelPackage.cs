// The kernel's package: boot/vmlinux-* is a flat RISC-V Image (Linux Documentation/arch/riscv/boot-image-header.rst).
using System.Formats.Tar;
using Doppel.Core.Errors;
using Doppel.Images.Debian;

namespace Doppel.Images.Guests;

/// <summary>Takes the kernel and the drivers out of Debian's linux-image package.</summary>
internal sealed class KernelPackage(Func<Stream> open, DebianPackage package)
{
    private const int MagicOffset = 0x38;
    private static ReadOnlySpan<byte> Magic => "RSC\u0005"u8;

    /// <summary>Writes the kernel to <paramref name="kernel"/> and fills <paramref name="drivers"/>.</summary>
    internal void Read(Stream kernel, DriverSet drivers, Action<long, long> progress)
    {
        bool found = false;
        Pass((path, entry) =>
        {
            if (path.StartsWith("boot/vmlinu", StringComparison.Ordinal) && entry.DataStream is { } image)
            {
                if (found) throw new InvalidDataException("it has two kernels");
                CopyKernel(image, kernel);
                found = true;
            }
            else
            {
                drivers.Offer(path, entry.DataStream);
            }
        }, progress);
        if (!found) throw new DoppelException(ErrorKind.Corrupt, $"package '{package.Name}' has no kernel in boot/");

        // Modules that depend on one which came before them: seldom, since the usual ones are known beforehand.
        for (IReadOnlyList<string> missing = drivers.Missing; missing.Count > 0; missing = drivers.Missing)
        {
            Pass((path, entry) => drivers.Offer(path, entry.DataStream), progress);
            if (drivers.Missing.SequenceEqual(missing))
                throw new DoppelException(ErrorKind.Failed, $"package '{package.Name}' lacks the kernel module '{missing[0]}'");
        }
    }

    private void Pass(Action<string, TarEntry> visit, Action<long, long> progress)
    {
        using Stream deb = open();
        foreach ((string path, TarEntry entry) in DebReader.Entries(deb, package.Name))
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                DebReader.Guard(package.Name, () =>
                {
                    visit(path, entry);
                    return true;
                });
            }
            progress(deb.Position, package.Size);
        }
    }

    private void CopyKernel(Stream image, Stream target)
    {
        Span<byte> header = stackalloc byte[64];
        if (image.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header.Slice(MagicOffset, 4).SequenceEqual(Magic))
            throw new DoppelException(ErrorKind.Corrupt, $"the kernel of package '{package.Name}' is not a RISC-V Image");
        target.Write(header);
        image.CopyTo(target);
    }
}
