using Doppel.Backends.Console;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>A machine with a console for people: the terminal is the guest's, but for our few keys. Without a terminal, standard input and output are.</summary>
internal sealed class InteractiveRun(CommandContext context, RunOptions options)
{
    public async Task<int> RunAsync(VmConfig config, Action<string>? trace)
    {
        using var attached = new AttachedConsole();
        using var mux = new ConsoleMux(attached, GuestSource.Route(options));
        var host = new VmHost
        {
            Serial = mux.Serial,
            Console = mux.Virtio,
            Restarted = mux.MachineReset,
            TraceLine = trace,
            PerfMap = options.PerfMap,
            Warning = text => attached.Notice($"doppel: warning: {text}"),
        };
        RunEnd end;
        var run = new MachineRun(config, host);
        await using (run.ConfigureAwait(false))
        {
            foreach (string forward in run.ChosenPorts) await context.Error.WriteLineAsync($"doppel: {forward}").ConfigureAwait(false);
            if (context.InputIsTerminal) AttachTerminal(run, attached);
            else AttachStreams(run, attached);
            end = await run.RunAsync(options.Timeout).ConfigureAwait(false);
            if (options.Stats) run.WriteStatistics(context.Error);
        }

        // Shows what is left and restores the terminal, before anybody writes to it in the usual way.
        attached.Detach();
        if (end.Kind == EndKind.TimedOut) throw new DoppelException(ErrorKind.TimedOut, $"the machine did not end within {options.Timeout!.Value.TotalSeconds:0.###} s", "a longer --timeout");
        if (end.Kind is EndKind.Killed or EndKind.Interrupted) await context.Error.WriteLineAsync("doppel: killed").ConfigureAwait(false);
        return end.ExitCode;
    }

    private void AttachTerminal(MachineRun run, AttachedConsole attached)
    {
        context.Error.WriteLine($"doppel: {TerminalConsole.KeyHelp}");
        context.Error.Flush();
        var terminal = new TerminalConsole();
        terminal.KillRequested += () => run.End(EndKind.Killed);
        terminal.OutputBroken += () => run.End(EndKind.OutputClosed);
        // Away from the reading thread, which detaching has to wait for.
        terminal.DetachRequested += () => ThreadPool.QueueUserWorkItem(_ => OnDetach(run, attached));
        attached.Attach(terminal, terminal, terminal.Notice);
    }

    private void AttachStreams(MachineRun run, AttachedConsole attached)
    {
        var console = new StreamConsole(new TypedInput(context.OpenInput()), context.OpenOutput());
        console.OutputBroken += () => run.End(EndKind.OutputClosed);
        run.InterruptedOnce += () => context.Error.WriteLine("doppel: Ctrl-C again kills the machine");
        attached.Attach(console, console, context.Error.WriteLine);
    }

    /// <summary>The machine lives in this process, so it runs on here; the terminal is the user's until Enter is pressed.</summary>
    private void OnDetach(MachineRun run, AttachedConsole attached)
    {
        attached.Detach();
        context.Error.WriteLine("\ndoppel: detached; the machine runs on. Enter attaches again, Ctrl-C twice kills, Ctrl-Z and bg put it into the background");
        run.InterruptedOnce += () => context.Error.WriteLine("doppel: Ctrl-C again kills the machine");
        if (ReadLine()) AttachTerminal(run, attached);
    }

    /// <returns>False if the input has ended.</returns>
    private bool ReadLine()
    {
        using Stream input = context.OpenInput();
        for (int key; (key = input.ReadByte()) >= 0;)
        {
            if (key == '\n') return true;
        }

        return false;
    }
}
