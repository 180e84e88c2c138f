using Doppel.Core.Errors;
using Doppel.Machine.Boards;
using Doppel.Machine.Loaders;

namespace Doppel.Machine.Boot;

/// <summary>The files to boot from, read and understood. Kept as long as the machine lives, so that a reset boots the same.</summary>
internal sealed record BootImages(FirmwareImage? Firmware, KernelImage? Kernel, ReadOnlyMemory<byte> Initrd)
{
    private const long MaxFileLength = 1L << 30;

    /// <summary>Reads what the configuration names; what cannot be read or used becomes a problem.</summary>
    public static BootImages Load(VmConfig config, ConfigProblems problems)
    {
        FirmwareImage? firmware = null;
        if (config.Bios is not null)
        {
            Understand("bios", config.Bios, problems, file => firmware = FirmwareImage.Parse(file, RiscVVirtMap.Ram.Address));
        }

        KernelImage? kernel = null;
        if (config.Kernel is not null) Understand("kernel", config.Kernel, problems, file => kernel = KernelImage.Parse(file));

        return new BootImages(firmware, kernel, LoadInitrd(config, problems));
    }

    private static ReadOnlyMemory<byte> LoadInitrd(VmConfig config, ConfigProblems problems)
    {
        ReadOnlyMemory<byte> first = default;
        if (config.Initrd is not null)
        {
            Understand("initrd", config.Initrd, problems, file =>
                first = file.IsEmpty ? throw new ImageFormatException("is empty", "give an initramfs, or none") : file);
        }

        if (config.InitrdExtras.Count == 0) return first;

        // Linux Documentation/driver-api/early-userspace/buffer-format.rst: archives follow one another, padded with zeroes to a multiple of four.
        var whole = new List<ReadOnlyMemory<byte>> { first };
        whole.AddRange(config.InitrdExtras);
        byte[] joined = new byte[whole.Sum(part => (part.Length + 3) & ~3)];
        int position = 0;
        foreach (ReadOnlyMemory<byte> part in whole)
        {
            part.Span.CopyTo(joined.AsSpan(position));
            position += (part.Length + 3) & ~3;
        }

        return joined;
    }

    private static void Understand(string setting, string path, ConfigProblems problems, Action<ReadOnlyMemory<byte>> parse)
    {
        try
        {
            if (Directory.Exists(path))
            {
                problems.Add(setting, $"{path} is a directory", "give a file");
                return;
            }

            if (new FileInfo(path).Length > MaxFileLength)
            {
                problems.Add(setting, $"{path} is larger than 1 GiB", "that cannot be what it should be");
                return;
            }

            parse(File.ReadAllBytes(path));
        }
        catch (ImageFormatException exception)
        {
            problems.Add(setting, $"{path} {exception.Message}", exception.Hint, ErrorKind.Corrupt);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add(setting, $"{path} does not exist", "check the path", ErrorKind.NotFound);
        }
        catch (UnauthorizedAccessException)
        {
            problems.Add(setting, $"{path} may not be read", "check its permissions", ErrorKind.Denied);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or NotSupportedException)
        {
            problems.Add(setting, $"{path} cannot be read: {exception.Message.TrimEnd('.')}", "check the path", ErrorKind.Failed);
        }
    }
}
