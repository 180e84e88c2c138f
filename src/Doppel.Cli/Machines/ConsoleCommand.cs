using System.CommandLine;
using Doppel.Backends.Console;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel console NAME</c>: the terminal becomes the guest's, until its user leaves or the machine ends.</summary>
internal static class ConsoleCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        var command = new Command("console", "Connects this terminal to a running machine's console.") { name };
        HelpWithExamples.AddTo(command, """
            Ctrl-] then q leaves the console, and the machine runs on; Ctrl-] then x kills the machine. Several terminals may be connected; all show the same.
            Without a terminal, standard input is typed and what the guest writes goes to standard output, until a second after the end of the input.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            NamedMachine machine = new MachineStore().Get(parsed.GetRequiredValue(name));
            if (context.InputIsTerminal) await TerminalAsync(context, machine, cancel).ConfigureAwait(false);
            else await StreamsAsync(context, machine, cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task TerminalAsync(CommandContext context, NamedMachine machine, CancellationToken cancel)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bool kill = false;
        await context.Error.WriteLineAsync($"doppel: {TerminalConsole.KeyHelp}").ConfigureAwait(false);
        using (var terminal = new TerminalConsole())
        {
            terminal.KillRequested += () =>
            {
                kill = true;
                left.Cancel();
            };
            terminal.DetachRequested += left.Cancel;
            terminal.OutputBroken += left.Cancel;
            await machine.AttachAsync(terminal, left.Token).ConfigureAwait(false);
        }

        if (kill) await machine.KillAsync(cancel).ConfigureAwait(false);
        await context.Error.WriteLineAsync(kill ? "doppel: killed" : left.IsCancellationRequested ? $"doppel: detached; doppel console {machine.Name} attaches again" : "doppel: the machine has ended").ConfigureAwait(false);
    }

    private static async Task StreamsAsync(CommandContext context, NamedMachine machine, CancellationToken cancel)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var console = new StreamConsole(context.OpenInput(), context.OpenOutput());
        console.OutputBroken += left.Cancel;
        await machine.AttachAsync(console, left.Token, () =>
        {
            console.InputAvailable += LeaveAtTheEnd;
            LeaveAtTheEnd();
        }).ConfigureAwait(false);

        // What has been typed is on its way then; the answer still gets a moment.
        void LeaveAtTheEnd()
        {
            if (console.InputEnded) left.CancelAfter(TimeSpan.FromSeconds(1));
        }
    }
}
