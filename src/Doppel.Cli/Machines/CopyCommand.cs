using System.CommandLine;
using Doppel.Cli.Disk;
using Doppel.Cli.Output;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Agent.Copy;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel cp A B</c>: files and folders into a running machine, and out of it.</summary>
internal static class CopyCommand
{
    public static Command Create(CommandContext context)
    {
        var from = new Argument<string>("FROM") { Description = "What is copied: a path here, or NAME:/PATH of a machine." };
        var to = new Argument<string>("TO") { Description = "Where to: a path here, or NAME:/PATH of a machine. A folder gets it under its own name." };
        var recursive = new Option<bool>("--recursive", "-r") { Description = "Folders with all that is in them." };
        var command = new Command("cp", "Copies files and folders into a running machine, or out of it.") { from, to, recursive };
        HelpWithExamples.AddTo(command, """
            It goes by the guest's agent and tar, and needs no network. Permissions are kept; files belong to root there, and to you here. Links in folders are copied as links.

            Examples:
              doppel cp app.tar.gz box:/root/
              doppel cp box:/etc/os-release .
              doppel cp -r site box:/srv/www
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            (string? source, string sourcePath) = Parse(parsed.GetRequiredValue(from));
            (string? target, string targetPath) = Parse(parsed.GetRequiredValue(to));
            if (source is null == target is null)
                throw new DoppelException(ErrorKind.Usage, source is null ? "neither path is of a machine" : "both paths are of machines", "doppel cp FILE NAME:/PATH, or doppel cp NAME:/PATH FILE");
            using var interruption = new Interruption(cancel);
            GuestAgent agent = await new MachineStore().Get(source ?? target!).OpenAgentAsync(interruption.Token).ConfigureAwait(false);
            await using (agent.ConfigureAwait(false))
            {
                var copy = new GuestCopy(agent);
                using var progress = new WorkProgressLine(context, $"{parsed.GetRequiredValue(from)} to {parsed.GetRequiredValue(to)}", TimeProvider.System);
                if (source is null)
                {
                    await copy.ToGuestAsync(sourcePath, targetPath, parsed.GetValue(recursive), progress, interruption.Token).ConfigureAwait(false);
                }
                else if (await copy.FromGuestAsync(sourcePath, targetPath, parsed.GetValue(recursive), progress, interruption.Token).ConfigureAwait(false) is > 0 and var leftOut)
                {
                    await context.Error.WriteLineAsync($"doppel: {leftOut} sockets, devices or the like were left out").ConfigureAwait(false);
                }
            }
        });
        return command;
    }

    /// <summary>A path with a slash before its first colon, or without one, is of this host.</summary>
    private static (string? Machine, string Path) Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !text.AsSpan(0, colon).Contains('/') ? (text[..colon], text[(colon + 1)..]) : (null, text);
    }
}
