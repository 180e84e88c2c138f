using System.CommandLine;
using Doppel.Cli.Run;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel exec NAME -- CMD…</c>: a command in a running guest, by its agent; its streams are ours, and so is its exit code.</summary>
internal static class ExecCommand
{
    /// <param name="context">The process around the command.</param>
    /// <param name="guestCommand">What follows <c>--</c>; null without it.</param>
    public static Command Create(CommandContext context, Func<IReadOnlyList<string>?> guestCommand)
    {
        Argument<string> name = MachineNames.One();
        var environment = new Option<string[]>("--env", "-e") { HelpName = "NAME=VALUE", Description = "A variable for the command; may be repeated.", Arity = ArgumentArity.OneOrMore };
        var directory = new Option<string?>("--workdir", "-w") { HelpName = "DIR", Description = "Where in the guest it starts; default the home of its user." };
        var user = new Option<string?>("--user", "-u") { HelpName = "USER", Description = "Which user of the guest runs it; default root." };
        var terminal = new Option<bool>("--tty", "-t") { Description = "With a terminal, by ssh, as doppel shell." };
        var command = new Command("exec", "Runs a command in a running machine.") { name, environment, directory, user, terminal };
        HelpWithExamples.AddTo(command, """
            The guest's agent (qemu-guest-agent; the image debian has it) runs what follows --, as it is, without a shell: with this command's standard input, output and error, and its exit
            code. Ctrl-C and SIGTERM go to the command; a third one ends this command only. It needs no network. For a terminal, as with -t, it is ssh that runs the command: see doppel ssh.

            Examples:
              doppel exec box -- systemctl status ssh
              doppel exec box -w /srv -e LANG=C -- sh -c 'ls | wc -l'
              doppel exec box -u www-data -- id
              doppel exec -t box -- nano /etc/hosts
              tar -c data | doppel exec box -- tar -x -C /srv

            Exit codes: the command's own, 128 and the signal that ended it; 125 if the guest could not run it, 126 if it is no program, 127 if there is none of that name;
            3 no such machine, 4 it is not running, 7 no agent answers.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            if (guestCommand() is not { Count: > 0 } words) throw new DoppelException(ErrorKind.Usage, "no command follows '--'", $"doppel exec {parsed.GetRequiredValue(name)} -- uname -a");
            var wanted = new GuestCommand(words) { Environment = parsed.GetValue(environment) ?? [], Directory = parsed.GetValue(directory), User = parsed.GetValue(user) };
            NamedMachine machine = new MachineStore().Get(parsed.GetRequiredValue(name));
            if (parsed.GetValue(terminal)) return await new SshSession(context, machine, wanted.User ?? SshCommand.DefaultUser).RunAsync(true, [Line(wanted)], cancel).ConfigureAwait(false);
            GuestAgent agent = await machine.OpenAgentAsync(cancel).ConfigureAwait(false);
            await using (agent.ConfigureAwait(false)) return await RunAsync(context, agent, wanted).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>The command for a shell, word by word as it is.</summary>
    private static string Line(GuestCommand command)
    {
        string move = command.Directory is { } folder ? $"cd {SshSession.Quote(folder)} && " : "";
        string variables = command.Environment.Count > 0 ? "env " : "";
        return $"{move}exec {variables}{string.Join(' ', command.Environment.Concat(command.Arguments).Select(SshSession.Quote))}";
    }

    private static async Task<int> RunAsync(CommandContext context, GuestAgent agent, GuestCommand command)
    {
        using Stream input = context.OpenInput(), output = context.OpenOutput(), error = context.OpenError();
        using var signals = new PassedSignals();
        var streams = new GuestStreams(output, error) { Input = input, Signals = signals.All };
        try
        {
            return await agent.ExecuteAsync(command, streams, signals.Enough).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return new RunEnd(EndKind.OutputClosed, null).ExitCode;
        }
    }
}
