using System.CommandLine;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary>The verbs that move a machine from one state to another.</summary>
internal static class MachineVerbs
{
    private const string ProcessVerb = "machine-process";
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    public static Command Start(CommandContext context) => MachineNames.Verb(context, "start", "Starts machines, each in a process of its own.", async (_, machine, _, cancel) =>
    {
        await StartAsync(machine, cancel).ConfigureAwait(false);
        return null;
    });

    /// <summary>Starts a machine in a process of its own, of this program.</summary>
    /// <param name="start">Where it begins; if null, it boots, or goes on where it was suspended.</param>
    public static Task StartAsync(NamedMachine machine, CancellationToken cancel, StartPoint? start = null) => machine.StartAsync(ProcessOf(machine, start ?? new StartPoint()), cancel);

    public static Command Stop(CommandContext context)
    {
        var time = new Option<string?>("--time", "-t") { HelpName = "TIME", Description = "How long the guest may take (30s, 5m) before its plug is pulled; default 10s." };
        return MachineNames.Verb(context, "stop", "Asks guests to switch themselves off; pulls the plug if they do not.", async (_, machine, parsed, cancel) =>
        {
            TimeSpan patience = parsed.GetValue(time) is { } text ? Duration.Parse("--time", text) : DefaultPatience;
            if (!await machine.StopAsync(patience, cancel).ConfigureAwait(false))
                await context.Error.WriteLineAsync($"doppel: {machine.Name}: the guest did not switch itself off within {patience.TotalSeconds:0.###} s; its plug was pulled").ConfigureAwait(false);
            return null;
        }, time);
    }

    public static Command Kill(CommandContext context) => MachineNames.Verb(context, "kill", "Pulls the plug of machines. Their disks are flushed.", Quiet((machine, cancel) => machine.KillAsync(cancel)));

    public static Command Pause(CommandContext context) => MachineNames.Verb(context, "pause", "Stops machines and their time, until they are resumed.", Quiet((machine, cancel) => machine.PauseAsync(cancel)));

    public static Command Resume(CommandContext context) => MachineNames.Verb(context, "resume", "Lets paused machines go on.", Quiet((machine, cancel) => machine.ResumeAsync(cancel)));

    public static Command Reset(CommandContext context) => MachineNames.Verb(context, "reset", "Presses the reset button of machines.", Quiet((machine, cancel) => machine.ResetAsync(cancel)));

    public static Command Remove(CommandContext context)
    {
        var force = new Option<bool>("--force", "-f") { Description = "Running ones, too: pulls their plug." };
        return MachineNames.Verb(context, "rm", "Deletes machines. Disks that are not in their folders stay.", async (store, machine, parsed, cancel) =>
        {
            if (parsed.GetValue(force)) await KillIfRunningAsync(machine, cancel).ConfigureAwait(false);
            try
            {
                store.Remove(machine);
            }
            catch (DoppelException exception) when (exception.Kind == ErrorKind.WrongState)
            {
                throw new DoppelException(ErrorKind.WrongState, $"{machine.Name}: a running machine cannot be deleted", $"doppel rm --force {machine.Name}", exception);
            }

            return null;
        }, force);
    }

    /// <summary>The process of one machine; users never call it, so it is not listed.</summary>
    public static Command Process(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        var from = new Option<string?>("--from");
        var fork = new Option<string?>("--fork");
        var paused = new Option<bool>("--paused");
        var command = new Command(ProcessVerb, "Runs a machine in this process.") { name, from, fork, paused };
        command.Hidden = true;
        command.SetAction(async (parsed, _) =>
        {
            VmExit exit = await new MachineStore().Get(parsed.GetRequiredValue(name)).RunHereAsync(() =>
            {
                context.Out.WriteLine("ready");
                context.Out.Flush();
            }, alone: true, new StartPoint { Snapshot = parsed.GetValue(from), Fork = parsed.GetValue(fork), Paused = parsed.GetValue(paused) }).ConfigureAwait(false);
            return exit.ExitCode;
        });
        return command;
    }

    /// <summary>The program and the arguments that run a machine; see <see cref="NamedMachine.StartAsync"/>.</summary>
    private static List<string> ProcessOf(NamedMachine machine, StartPoint start)
    {
        List<string> command = [.. OwnProgram(), ProcessVerb, machine.Name];
        if (start.Snapshot is { } snapshot) command.AddRange(["--from", snapshot]);
        if (start.Fork is { } fork) command.AddRange(["--fork", fork]);
        if (start.Paused) command.Add("--paused");
        return command;
    }

    private static Func<MachineStore, NamedMachine, ParseResult, CancellationToken, Task<string?>> Quiet(Func<NamedMachine, CancellationToken, Task> act) => async (_, machine, _, cancel) =>
    {
        await act(machine, cancel).ConfigureAwait(false);
        return null;
    };

    private static async Task KillIfRunningAsync(NamedMachine machine, CancellationToken cancel)
    {
        try
        {
            await machine.KillAsync(cancel).ConfigureAwait(false);
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.WrongState or ErrorKind.NotFound)
        {
            // It is not running, which is what was wanted; or there is nothing left of it but a folder.
        }
    }

    /// <summary>This program, also when it is the runtime that was asked to run it.</summary>
    private static string[] OwnProgram()
    {
        string program = Environment.ProcessPath ?? throw new DoppelException(ErrorKind.Failed, "the path of this program is not known");
        string[] arguments = Environment.GetCommandLineArgs();
        return Path.GetFileNameWithoutExtension(program) == "dotnet" && arguments.Length > 0 ? [program, arguments[0]] : [program];
    }
}
