using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk rebase --backing FILE IMAGE</c></summary>
internal static class DiskRebaseCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path(description: "A layer.");
        Option<string?> format = ImageFlags.Format();
        Option<string?> backing = ImageFlags.Text("--backing", "FILE", "The image that is to be below.", "-b");
        Option<string?> backingFormat = ImageFlags.Format("--backing-format", "-F", "the image below");
        var none = new Option<bool>("--no-backing") { Description = "Puts everything into the image itself, so that none is below." };
        var nameOnly = new Option<bool>("--name-only", "-u") { Description = "Changes the name only, for an image that has moved; the disk may read differently." };
        Option<bool> allow = ImageFlags.AllowBacking();
        var command = new Command("rebase", "Puts a layer onto another image, or onto none.") { path, format, backing, backingFormat, none, nameOnly, allow };
        HelpWithExamples.AddTo(command, """
            The disk reads as before: what differs between the old and the new image below is copied into the layer. The name is relative to the layer's folder, or absolute.

            Examples:
              doppel disk rebase --backing other.qcow2 test.qcow2
              doppel disk rebase --no-backing test.qcow2
              doppel disk rebase --name-only --backing moved/base.img --backing-format raw test.qcow2
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            string file = parsed.GetRequiredValue(path);
            string? below = parsed.GetValue(backing);
            if (below is null == !parsed.GetValue(none)) throw new DoppelException(ErrorKind.Usage, "one of --backing and --no-backing says what is to be below", $"doppel disk rebase --backing FILE {file}");
            var rebase = new DiskRebase
            {
                Path = file,
                Options = ImageFlags.Options(parsed, format, allow),
                BackingName = below,
                BackingFormat = ImageFlags.Read(parsed, backingFormat) ?? DiskFormats.OfName(below ?? ".qcow2"),
                NameOnly = parsed.GetValue(nameOnly),
            };
            using (var progress = new WorkProgressLine(context, $"rebasing {file}", TimeProvider.System)) await rebase.RunAsync(progress, interruption.Token).ConfigureAwait(false);
            await context.Out.WriteLineAsync(file).ConfigureAwait(false);
        });
        return command;
    }
}
