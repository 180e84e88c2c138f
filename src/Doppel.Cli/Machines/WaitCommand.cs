using System.CommandLine;
using System.Globalization;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel wait NAME</c>: until a machine has ended, or its guest is as far as one wants it.</summary>
internal static class WaitCommand
{
    private const string PortPrefix = "port:";
    private static readonly string[] Signs = ["exit", "boot", "agent", "ssh", PortPrefix + "80"];

    public static Command Create(CommandContext context)
    {
        var sign = new Option<string?>("--for") { HelpName = "exit|boot|agent|ssh|port:N", Description = "What is waited for; default exit, which prints the exit code." };
        sign.CompletionSources.Add([.. Signs]);
        var timeout = new Option<string?>("--timeout") { HelpName = "TIME", Description = "How long at most (30s, 5m); then it ends with code 6. Default: without limit." };
        Command command = MachineNames.Verb(context, "wait", "Waits until machines have ended, and prints their exit codes; or until their guests are as far as they are wanted.", async (_, machine, parsed, cancel) =>
        {
            string wanted = parsed.GetValue(sign) ?? Signs[0];
            TimeSpan? patience = parsed.GetValue(timeout) is { } text ? Duration.Parse("--timeout", text) : null;
            Func<CancellationToken, Task<string?>> wait = Parse(wanted, machine);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (patience is { } time) limit.CancelAfter(time);
            try
            {
                return await wait(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new DoppelException(ErrorKind.TimedOut, $"{machine.Name}: '{wanted}' did not come within {patience!.Value.TotalSeconds:0.###} s", $"a longer --timeout; doppel logs {machine.Name} shows what the guest does");
            }
        }, sign, timeout);
        HelpWithExamples.AddTo(command, """
            boot is when the guest's agent answers and systemd is done with starting; for the default guest, when its shell starts. agent is when qemu-guest-agent answers, ssh when an ssh server
            does, port:80 when the guest takes TCP connections on its port 80 (whether a port of this host leads there or not); both need a network of the kind user.

            Examples:
              doppel wait box
              doppel start box && doppel wait box --for boot --timeout 2m && doppel exec box -- id
              doppel wait web --for port:80
            """);
        return command;
    }

    private static Func<CancellationToken, Task<string?>> Parse(string sign, NamedMachine machine)
    {
        var signs = new GuestSigns(machine);
        return sign switch
        {
            "exit" => async cancel => (await machine.WaitAsync(cancel).ConfigureAwait(false)).ExitCode.ToString(CultureInfo.InvariantCulture),
            "boot" => Quiet(signs.UntilBootedAsync),
            "agent" => Quiet(signs.UntilAgentAsync),
            "ssh" => Quiet(signs.UntilSshAsync),
            _ when sign.StartsWith(PortPrefix, StringComparison.Ordinal) && ushort.TryParse(sign.AsSpan(PortPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0 =>
                Quiet(cancel => signs.UntilPortAsync(port, cancel)),
            _ => throw new DoppelException(ErrorKind.Usage, $"--for: '{sign}' is nothing that can be waited for", string.Join(", ", Signs)),
        };
    }

    private static Func<CancellationToken, Task<string?>> Quiet(Func<CancellationToken, Task> wait) => async cancel =>
    {
        await wait(cancel).ConfigureAwait(false);
        return null;
    };
}
