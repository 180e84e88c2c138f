using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk convert SOURCE TARGET</c></summary>
internal static class DiskConvertCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> source = ImageFlags.Path("SOURCE", "The image to copy, with all its layers.");
        Argument<string> target = ImageFlags.Path("TARGET", "The new image; must not be there yet.");
        Option<string?> sourceFormat = ImageFlags.Format("--source-format", "-f", "the source");
        Option<string?> targetFormat = ImageFlags.Format("--target-format", "-O", "the target");
        var compress = new Option<bool>("--compress", "-c") { Description = "Compresses the clusters of a qcow2 image." };
        Option<bool> allow = ImageFlags.AllowBacking();
        var command = new Command("convert", "Copies a disk into a new image of any format.") { source, target, sourceFormat, targetFormat, compress, allow };
        var layout = new LayoutFlags(command);
        HelpWithExamples.AddTo(command, """
            Zeroes take no room in the new image. It appears when it is complete: an interruption leaves nothing behind, and the source is only read.

            Examples:
              doppel disk convert disk.img disk.qcow2
              doppel disk convert --compress disk.qcow2 small.qcow2
              doppel disk convert --compress --compression zstd disk.img small.qcow2
              doppel disk convert layer.qcow2 all.img
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            string file = parsed.GetRequiredValue(target);
            DiskFormats.CheckName(file);
            DiskFormat format = ImageFlags.Read(parsed, targetFormat) ?? DiskFormats.OfName(file);
            layout.CheckUnused(parsed, format);
            var conversion = new DiskConversion
            {
                Source = parsed.GetRequiredValue(source),
                SourceOptions = ImageFlags.Options(parsed, sourceFormat, allow),
                Target = file,
                TargetFormat = format,
                Layout = layout.Read(parsed),
                Compress = parsed.GetValue(compress),
            };
            using (var progress = new WorkProgressLine(context, $"converting {conversion.Source}", TimeProvider.System)) await conversion.RunAsync(progress, interruption.Token).ConfigureAwait(false);
            await context.Out.WriteLineAsync(file).ConfigureAwait(false);
        });
        return command;
    }
}
