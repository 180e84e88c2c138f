using System.Globalization;
using Doppel.Backends.Console;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Guests;

namespace Doppel.Cli.Run;

/// <summary>Runs one command in the guest: its streams are ours, and so is its exit code.</summary>
internal sealed class CommandRun(CommandContext context, RunOptions options)
{
    /// <summary>As podman: the command was not run, for reasons that are not the command's.</summary>
    private const int NotRun = 125;

    private const int MessagesKept = 64 << 10;
    private const int MessagesShown = 20;

    public async Task<int> RunAsync(VmConfig config, Action<string>? trace)
    {
        var messages = new MemoryConsole(MessagesKept);
        var control = new MemoryConsole(MessagesKept);
        using Stream input = context.OpenInput(), output = context.OpenOutput(), error = context.OpenError();
        using var standardInput = new StreamConsole(input, null);
        using var standardOutput = new StreamConsole(null, output);
        using var standardError = new StreamConsole(null, error);
        var host = new VmHost
        {
            Serial = options.Verbose ? standardError : messages,
            Ports = new Dictionary<string, IConsoleBackend>
            {
                [CommandPorts.Input] = standardInput,
                [CommandPorts.Output] = new OutputPort(standardOutput),
                [CommandPorts.Error] = new OutputPort(standardError),
                [CommandPorts.Control] = control,
            },
            TraceLine = trace,
            PerfMap = options.PerfMap,
            Warning = text => context.Error.WriteLine($"doppel: warning: {text}"),
        };

        RunEnd end;
        await using (var run = new MachineRun(config, host))
        {
            foreach (string forward in run.ChosenPorts) await context.Error.WriteLineAsync($"doppel: {forward}").ConfigureAwait(false);
            run.InterruptedOnce += () => context.Error.WriteLine("doppel: Ctrl-C again kills the machine");
            standardOutput.OutputBroken += () => run.End(EndKind.OutputClosed);
            end = await run.RunAsync(options.Timeout).ConfigureAwait(false);
            if (options.Stats) run.WriteStatistics(context.Error);
        }

        standardOutput.Flush();
        standardError.Flush();
        if (end.Kind == EndKind.TimedOut) throw new DoppelException(ErrorKind.TimedOut, $"the command did not end within {options.Timeout!.Value.TotalSeconds:0.###} s", "a longer --timeout, or --verbose to see what the guest does");
        if (end.Kind != EndKind.Guest) return end.ExitCode;
        if (int.TryParse(control.Output.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int code)) return code;
        // A script may well end with poweroff.
        if (options.IsScript && end.Exit!.Reason == VmExitReason.PowerOff) return end.ExitCode;
        foreach (string line in messages.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(MessagesShown)) await context.Error.WriteLineAsync(line.TrimEnd()).ConfigureAwait(false);
        await context.Error.WriteLineAsync("doppel: the guest ended without having run the command\ntry: --verbose, or more --memory").ConfigureAwait(false);
        return NotRun;
    }
}
