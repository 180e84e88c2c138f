using System.CommandLine;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk commit IMAGE</c></summary>
internal static class DiskCommitCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path(description: "A layer.");
        Option<string?> format = ImageFlags.Format();
        Option<bool> allow = ImageFlags.AllowBacking();
        var command = new Command("commit", "Writes what a layer holds into the image below it.") { path, format, allow };
        HelpWithExamples.AddTo(command, """
            The layer is empty afterwards and reads as before. Other layers on the same image are worth nothing afterwards. An interrupted commit can be done again.

            Examples:
              doppel disk commit test.qcow2
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            string below;
            string file = parsed.GetRequiredValue(path);
            using (var progress = new WorkProgressLine(context, $"committing {file}", TimeProvider.System)) below = await DiskCommit.RunAsync(file, ImageFlags.Options(parsed, format, allow), progress, interruption.Token).ConfigureAwait(false);
            await context.Out.WriteLineAsync(below).ConfigureAwait(false);
        });
        return command;
    }
}
