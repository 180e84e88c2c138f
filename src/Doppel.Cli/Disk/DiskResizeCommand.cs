using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk resize IMAGE SIZE</c></summary>
internal static class DiskResizeCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path();
        var size = new Argument<string>("SIZE") { Description = "Such as 30G, or +10G for so much more." };
        Option<string?> format = ImageFlags.Format();
        Option<bool> allow = ImageFlags.AllowBacking();
        var shrink = new Option<bool>("--shrink") { Description = "Allows to make the disk smaller; what is cut off is lost." };
        var command = new Command("resize", "Makes a disk larger or smaller.") { path, size, format, shrink, allow };
        HelpWithExamples.AddTo(command, """
            Partitions and file systems in the disk are the guest's to resize: after growing it, before shrinking it.

            Examples:
              doppel disk resize disk.qcow2 +10G
              doppel disk resize --shrink disk.img 1G
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            string file = parsed.GetRequiredValue(path);
            string text = parsed.GetRequiredValue(size);
            SynchronousDisk disk = DiskImage.Open(file, ImageFlags.Options(parsed, format, allow));
            await using (disk.ConfigureAwait(false))
            {
                decimal bytes = MemorySize.Parse("SIZE", text.TrimStart('+')) + (text.StartsWith('+') ? (decimal)disk.Length : 0);
                long length = (long)Math.Min(bytes, long.MaxValue / 512 * 512);
                if (length < disk.Length && !parsed.GetValue(shrink))
                    throw new DoppelException(ErrorKind.Usage, $"{file}: {MemorySize.Format(length)} are less than {MemorySize.Format(disk.Length)}; what is cut off would be lost", $"doppel disk resize --shrink {file} {text}");
                await disk.ResizeAsync(length, cancel).ConfigureAwait(false);
                await context.Out.WriteLineAsync(MemorySize.Format(length)).ConfigureAwait(false);
            }
        });
        return command;
    }
}
