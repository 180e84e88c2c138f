using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Doppel.Backends.Net.User;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary>
/// A run of the host's ssh that logs in to a guest: by the machine's own key, which the guest's agent lets in, and through a port of this host that leads to the guest's port 22 as long as
/// ssh runs. Nothing of the user's own ssh configuration, keys or known hosts is used or changed.
/// </summary>
internal sealed class SshSession(CommandContext context, NamedMachine machine, string user)
{
    private const string Client = "ssh";

    /// <summary>The server is started by the first connection, and makes its own key then.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="terminal">Whether a terminal is asked for; null leaves it to ssh.</param>
    /// <param name="words">What the guest's shell is given; nothing for a login shell.</param>
    /// <returns>The exit code of ssh, which is that of what ran in the guest, or 255.</returns>
    /// <exception cref="DoppelException">There is no ssh here, no network to go by, or nobody answers there.</exception>
    public async Task<int> RunAsync(bool? terminal, IReadOnlyList<string> words, CancellationToken cancel)
    {
        string program = Find() ?? throw new DoppelException(ErrorKind.NotFound, "this host has no ssh", $"install OpenSSH's client; doppel exec {machine.Name} -- CMD and doppel console {machine.Name} do without");
        PortForward forward = await machine.AddForwardAsync(new PortForward { GuestPort = MachineLogin.Port }, cancel).ConfigureAwait(false);
        try
        {
            bool isKnown = await AuthorizeAsync(cancel).ConfigureAwait(false);
            if (!await MachineLogin.AnswersAsync(forward, Patience, cancel).ConfigureAwait(false))
                throw new DoppelException(ErrorKind.Unreachable, $"{machine.Name}: no ssh server answers on port {MachineLogin.Port} of its guest", $"doppel wait {machine.Name} --for ssh while it boots; install openssh-server if the guest has none");
            int code = await RunAsync(program, Arguments(forward, terminal, words)).ConfigureAwait(false);
            if (code == 255 && !isKnown)
                await context.Error.WriteLineAsync($"doppel: no agent runs in the guest that would let the key of {machine.Name} in\ntry: add this line to ~{user}/.ssh/authorized_keys there: {machine.Login.PublicKey}").ConfigureAwait(false);
            return code;
        }
        finally
        {
            await ForgetAsync(forward).ConfigureAwait(false);
        }
    }

    /// <summary>A word as a shell reads it back.</summary>
    public static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <returns>False if there is no agent; the guest may know the key all the same.</returns>
    private async Task<bool> AuthorizeAsync(CancellationToken cancel)
    {
        try
        {
            GuestAgent agent = await machine.OpenAgentAsync(cancel).ConfigureAwait(false);
            await using (agent.ConfigureAwait(false)) await machine.Login.AuthorizeAsync(agent, user, cancel).ConfigureAwait(false);
            return true;
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable)
        {
            return false;
        }
    }

    private IEnumerable<string> Arguments(PortForward forward, bool? terminal, IReadOnlyList<string> words)
    {
        string[] options =
        [
            "IdentitiesOnly=yes", "IdentityAgent=none", $"UserKnownHostsFile={Path(machine.Login.KnownHostsPath)}", "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=accept-new",
            $"HostKeyAlias={machine.Name}", "LogLevel=ERROR",
        ];
        IEnumerable<string> flags = terminal switch { true => ["-t", "-t"], false => ["-T"], null => [] };
        return
        [
            "-F", "none", "-i", machine.Login.KeyPath, "-p", forward.HostPort.ToString(CultureInfo.InvariantCulture), "-l", user,
            .. options.SelectMany(o => (string[])["-o", o]), .. flags, forward.HostAddress.ToString(), .. words,
        ];

        // As ssh reads values: % begins a token, quotes keep spaces together.
        static string Path(string path) => $"\"{path.Replace("%", "%%", StringComparison.Ordinal)}\"";
    }

    private static async Task<int> RunAsync(string program, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
        // The terminal's keys are ssh's; what is sent to this process alone is meant for it as well.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => c.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, c => c.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, PassOn);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, PassOn);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return process.ExitCode;

        void PassOn(PosixSignalContext signal)
        {
            signal.Cancel = true;
            // In order, so that it leaves the terminal as it found it.
            Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        }
    }

    private async Task ForgetAsync(PortForward forward)
    {
        try
        {
            await machine.RemoveForwardAsync(forward).ConfigureAwait(false);
        }
        catch (DoppelException)
        {
            // The machine has ended, and its ports with it.
        }
    }

    private string? Find() => (context.Variable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => (string[])[System.IO.Path.Combine(folder, Client), System.IO.Path.Combine(folder, $"{Client}.exe")]).FirstOrDefault(File.Exists);
}
