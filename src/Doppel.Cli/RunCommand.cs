using System.CommandLine;
using Doppel.Cli.Run;
using Doppel.Machine;

namespace Doppel.Cli;

/// <summary><c>doppel run [IMAGE] [-- CMD…]</c>: boots a machine; a console for people, or one command with its streams and its exit code.</summary>
internal static class RunCommand
{
    /// <param name="context">The process around the command.</param>
    /// <param name="guestCommand">What follows <c>--</c>; null without it.</param>
    public static Command Create(CommandContext context, Func<IReadOnlyList<string>?> guestCommand)
    {
        var command = new Command("run", "Boots a machine: an interactive console, or one command in the guest.");
        var flags = new RunFlags(command, runs: true);
        HelpWithExamples.AddTo(command, """
            Everything after -- is a command: it runs in the guest with this command's standard input, output and error, and gives its exit code. Without a
            command and without a terminal, the guest's shell reads standard input.

            Examples:
              doppel run                                      the default guest, to a shell
              doppel run -- uname -a                          one command
              doppel run --cpus 4 --memory 2G --disk d.img    a larger machine with a disk
              doppel run --kernel Image --initrd initrd.gz --append "console=ttyS0"
              doppel run --bios program.elf                   a bare-metal program; its exit code is ours

            Exit codes: the guest's own; 2 usage, 3 not found, 5 denied, 6 timed out, 7 not reachable, 8 not enough resources, 9 corrupt;
            125 if the guest could not run the command, 130 and 137 if it was interrupted or killed.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            RunOptions options = flags.Read(parsed, guestCommand()).ForInput(context.InputIsTerminal);
            using TraceOutput? trace = options.Trace is { } spec ? new TraceOutput(spec, context.Error) : null;
            using RunSeed? seed = options.CloudInit is { } file ? new RunSeed(file, options.Image ?? "doppel") : null;
            VmConfig config = await GuestSource.ResolveAsync(context, options, cancel).ConfigureAwait(false);
            if (seed is not null) config = config with { Disks = [.. config.Disks, seed.Disk] };
            return options.Command is null
                ? await new InteractiveRun(context, options).RunAsync(config, trace is null ? null : trace.WriteLine).ConfigureAwait(false)
                : await new CommandRun(context, options).RunAsync(config, trace is null ? null : trace.WriteLine).ConfigureAwait(false);
        });
        return command;
    }
}
