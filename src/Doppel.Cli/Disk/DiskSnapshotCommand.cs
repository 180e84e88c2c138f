using System.CommandLine;
using System.Globalization;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk snapshot ls|create|apply|rm</c>: snapshots in a qcow2 image.</summary>
internal static class DiskSnapshotCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("snapshot", "Lists, makes, restores and deletes snapshots in a qcow2 image.")
        {
            List(context),
            Change(context, "create", "Keeps the present contents of the disk.", "The name of the new snapshot.", (path, options, name) => DiskSnapshots.CreateAsync(path, options, name, TimeProvider.System)),
            Change(context, "apply", "Makes the disk what it was; what was written since is lost.", "Name or id.", DiskSnapshots.ApplyAsync),
            Change(context, "rm", "Deletes a snapshot.", "Name or id.", DiskSnapshots.DeleteAsync),
        };
        HelpWithExamples.AddTo(command, """
            These are of the disk alone, while no machine uses it.

            Examples:
              doppel disk snapshot create disk.qcow2 clean
              doppel disk snapshot ls disk.qcow2
              doppel disk snapshot apply disk.qcow2 clean
            """);
        return command;
    }

    private static Command List(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path();
        Option<string?> imageFormat = ImageFlags.Format();
        Option<string?> format = Listing.FormatOption();
        var command = new Command("ls", "Lists the snapshots.") { path, imageFormat, format };
        command.SetAction(parsed => Listing.Write(context, parsed.GetValue(format),
            DiskInfo.Read(parsed.GetRequiredValue(path), ImageFlags.Options(parsed, imageFormat, null))[0].Snapshots, () => DiskJson.Default.IReadOnlyListDiskSnapshotInfo,
            new("ID", s => s.Id), new("NAME", s => s.Name), new("TAKEN", s => s.Taken.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
            new("SIZE", s => s.DiskSize == 0 ? "-" : MemorySize.Format((long)s.DiskSize)), new("STATE", s => s.StateSize == 0 ? "-" : MemorySize.Format((long)s.StateSize))));
        return command;
    }

    private static Command Change(CommandContext context, string verb, string description, string what, Func<string, Backends.Disk.DiskOpenOptions, string, Task> run)
    {
        Argument<string> path = ImageFlags.Path();
        var name = new Argument<string>("NAME") { Description = what };
        Option<string?> format = ImageFlags.Format();
        var command = new Command(verb, description) { path, name, format };
        command.SetAction(async (parsed, _) =>
        {
            await run(parsed.GetRequiredValue(path), ImageFlags.Options(parsed, format, null), parsed.GetRequiredValue(name)).ConfigureAwait(false);
            await context.Out.WriteLineAsync(parsed.GetRequiredValue(name)).ConfigureAwait(false);
        });
        return command;
    }
}
