using System.CommandLine;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk …</c>: makes, looks at and changes disk images that no machine uses.</summary>
internal static class DiskCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("disk", "Makes, checks, converts and changes disk images.")
        {
            DiskCreateCommand.Create(context),
            DiskResizeCommand.Create(context),
            DiskInfoCommand.Create(context),
            DiskMapCommand.Create(context),
            DiskCheckCommand.Create(context),
            DiskConvertCommand.Create(context),
            DiskCommitCommand.Create(context),
            DiskRebaseCommand.Create(context),
            DiskCompareCommand.Create(context),
            DiskSnapshotCommand.Create(context),
        };
        HelpWithExamples.AddTo(command, """
            The format of an image is what --image-format says, or else its name: .qcow2 is qcow2, all others are raw. It is never guessed from the contents.

            Examples:
              doppel disk create disk.qcow2 20G
              doppel disk create --backing base.qcow2 test.qcow2     a layer on another image
              doppel disk convert --compress disk.img disk.qcow2
              doppel disk check --repair disk.qcow2
              doppel run --disk disk.qcow2
            """);
        return command;
    }
}
