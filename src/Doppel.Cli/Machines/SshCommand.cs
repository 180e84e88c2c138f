using System.CommandLine;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel ssh NAME</c> and <c>doppel shell NAME</c>: a guest by the host's ssh.</summary>
internal static class SshCommand
{
    public const string DefaultUser = "root";

    /// <param name="context">The process around the command.</param>
    /// <param name="guestCommand">What follows <c>--</c>; null without it.</param>
    public static Command Create(CommandContext context, Func<IReadOnlyList<string>?> guestCommand)
    {
        Argument<string> name = MachineNames.One();
        Option<string?> user = User();
        var command = new Command("ssh", "Logs in to a running machine by ssh, or runs a command there.") { name, user };
        HelpWithExamples.AddTo(command, """
            The host's ssh logs in by a key of the machine's own, which its guest's agent (or a seed of --cloud-init) lets in, through a port of this host's loopback that is there as long as ssh
            runs. It needs OpenSSH's client here, a network of the kind user, and an ssh server in the guest; your own ssh configuration is left alone. As with ssh, what follows -- is read by
            the user's shell, and 255 is ssh's own failure.

            Examples:
              doppel ssh box
              doppel ssh box -- 'uptime; df -h /'
              doppel ssh box -u www-data
            """);
        command.SetAction((parsed, cancel) => Session(context, parsed.GetRequiredValue(name), parsed.GetValue(user)).RunAsync(null, guestCommand() ?? [], cancel));
        return command;
    }

    public static Command CreateShell(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        Option<string?> user = User();
        var command = new Command("shell", "Opens a login shell with a terminal in a running machine.") { name, user };
        HelpWithExamples.AddTo(command, """
            As doppel ssh NAME, always with a terminal. A machine without a network of the kind user, or without an ssh server, has its console: doppel console.

            Examples:
              doppel shell box
              doppel shell box -u www-data
            """);
        command.SetAction((parsed, cancel) => Session(context, parsed.GetRequiredValue(name), parsed.GetValue(user)).RunAsync(true, [], cancel));
        return command;
    }

    private static SshSession Session(CommandContext context, string name, string? user) => new(context, new MachineStore().Get(name), user ?? DefaultUser);

    private static Option<string?> User() => new("--user", "-u") { HelpName = "USER", Description = $"Which user of the guest; default {DefaultUser}." };
}
