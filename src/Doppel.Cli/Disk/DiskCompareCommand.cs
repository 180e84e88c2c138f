using System.CommandLine;
using System.Globalization;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk compare FIRST SECOND</c></summary>
internal static class DiskCompareCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> first = ImageFlags.Path("FIRST");
        Argument<string> second = ImageFlags.Path("SECOND", "Another disk image.");
        Option<string?> firstFormat = ImageFlags.Format("--first-format", "-f", "the first");
        Option<string?> secondFormat = ImageFlags.Format("--second-format", "-F", "the second");
        Option<bool> allow = ImageFlags.AllowBacking();
        var command = new Command("compare", "Compares what two disks read as.") { first, second, firstFormat, secondFormat, allow };
        HelpWithExamples.AddTo(command, """
            A disk that is shorter counts as followed by zeroes.

            Examples:
              doppel disk compare disk.img disk.qcow2

            Exit codes: 0 the same, 1 different.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            long? difference;
            using (var progress = new WorkProgressLine(context, "comparing", TimeProvider.System))
            {
                difference = await DiskComparison.RunAsync(
                    parsed.GetRequiredValue(first), ImageFlags.Options(parsed, firstFormat, allow), parsed.GetRequiredValue(second), ImageFlags.Options(parsed, secondFormat, allow), progress, interruption.Token).ConfigureAwait(false);
            }

            await context.Out.WriteLineAsync(difference is { } at ? string.Create(CultureInfo.InvariantCulture, $"different at byte {at}") : "the same").ConfigureAwait(false);
            return difference is null ? 0 : (int)ErrorKind.Failed;
        });
        return command;
    }
}
