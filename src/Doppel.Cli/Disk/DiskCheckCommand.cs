using System.CommandLine;
using System.Globalization;
using Doppel.Backends.Disk.Operations;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Cli.Output;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk check [--repair] IMAGE</c></summary>
internal static class DiskCheckCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path();
        Option<string?> imageFormat = ImageFlags.Format();
        var repair = new Option<bool>("--repair") { Description = "Gives leaked clusters back, and makes reference counts anew." };
        Option<string?> format = Listing.FormatOption();
        var command = new Command("check", "Checks the tables of a qcow2 image.") { path, imageFormat, repair, format };
        HelpWithExamples.AddTo(command, """
            A leak is room that is taken and not used; it does no harm. An image with errors is not to be written before a repair; one whose tables contradict
            themselves is not repaired, but what can be read of it can be converted to a new image.

            Examples:
              doppel disk check disk.qcow2
              doppel disk check --repair disk.qcow2

            Exit codes: 0 clean (now), 1 leaks only, 9 errors.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            string file = parsed.GetRequiredValue(path);
            Qcow2CheckResult found;
            Qcow2CheckResult? left;
            using (var progress = new WorkProgressLine(context, $"checking {file}", TimeProvider.System))
                (found, left) = await DiskCheck.RunAsync(file, ImageFlags.Options(parsed, imageFormat, null), parsed.GetValue(repair), progress, interruption.Token).ConfigureAwait(false);
            foreach (string message in found.Messages) await context.Error.WriteLineAsync($"doppel: {file}: {message}").ConfigureAwait(false);
            CheckRow[] rows = [new(file, found.Errors, found.Damages, found.WrongCounts, found.Leaks, left is not null && !found.IsClean, found.AllocatedClusters, found.CompressedClusters, found.TotalClusters, found.ImageEnd, found.Messages)];
            Listing.Write(context, parsed.GetValue(format), rows, () => DiskJson.Default.IReadOnlyListCheckRow,
                new("IMAGE", r => r.Image), new("ERRORS", r => Number(r.Errors)), new("LEAKS", r => Number(r.Leaks)), new("REPAIRED", r => r.Repaired ? "yes" : "-"),
                new("ALLOCATED", r => $"{r.AllocatedClusters} of {r.TotalClusters}"), new("COMPRESSED", r => Number(r.CompressedClusters)));
            Qcow2CheckResult now = left ?? found;
            if (now.Damages > 0 && parsed.GetValue(repair)) throw new DoppelException(ErrorKind.Corrupt, $"{file}: the image is damaged beyond repair", $"doppel disk convert {file} new.qcow2, which saves what can be read");
            return now.Errors > 0 ? (int)ErrorKind.Corrupt : now.Leaks > 0 ? (int)ErrorKind.Failed : 0;
        });
        return command;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
