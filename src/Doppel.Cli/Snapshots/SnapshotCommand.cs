using System.CommandLine;

namespace Doppel.Cli.Snapshots;

/// <summary><c>doppel snapshot create|ls|tree|restore|rm|diff|check|export</c>: what machines with names were.</summary>
internal static class SnapshotCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("snapshot", "Keeps what machines are, and sets them back to it.")
        {
            SnapshotVerbs.Create(context),
            SnapshotListing.List(context),
            SnapshotListing.Tree(context),
            SnapshotVerbs.Restore(context),
            SnapshotVerbs.Remove(context),
            SnapshotListing.Difference(context),
            SnapshotVerbs.Check(context),
            SnapshotVerbs.Export(context),
        };
        HelpWithExamples.AddTo(command, """
            A snapshot of a running or paused machine is all of it: memory, processors, devices and disks. Of one that is switched off it is the disks.

            Examples:
              doppel snapshot create web clean --comment "before the update"
              doppel snapshot tree web
              doppel snapshot restore web clean
            """);
        return command;
    }
}
