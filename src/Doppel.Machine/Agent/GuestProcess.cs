using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Doppel.Core.Errors;

namespace Doppel.Machine.Agent;

/// <summary>
/// A command in a guest whose streams flow while it runs, although the agent itself hands output over only at the end. A script in the guest (<c>session</c>) keeps them in files, which
/// are read as they grow and whose number is limited, so that neither side has to hold more than it can: decision 0023.
/// </summary>
internal sealed partial class GuestProcess
{
    /// <summary>What the command's own children hold open when it has ended is waited for so long.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Nobody wants to wait for what is only tidy.</summary>
    private static readonly TimeSpan CleanUpPatience = TimeSpan.FromSeconds(5);

    private readonly GuestAgent _agent;
    private readonly string _folder;
    private readonly long _pid;

    private GuestProcess(GuestAgent agent, string folder, long pid)
    {
        _agent = agent;
        _folder = folder;
        _pid = pid;
    }

    /// <exception cref="DoppelException">The guest has no such shell, or the command makes no sense.</exception>
    public static async Task<GuestProcess> StartAsync(GuestAgent agent, GuestCommand command, bool hasInput, CancellationToken cancel)
    {
        Check(command);
        string folder = $"/run/doppel-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        string[] arguments =
        [
            "-c", Script("session"), "doppel", folder, command.User ?? "", command.Directory ?? "", hasInput ? "in" : "",
            command.Environment.Count.ToString(CultureInfo.InvariantCulture), .. command.Environment, .. command.Arguments,
        ];
        return new GuestProcess(agent, folder, await agent.StartAsync(GuestAgent.Shell, arguments, cancel).ConfigureAwait(false));
    }

    /// <summary>Serves the command's streams until it has ended.</summary>
    public async Task<int> RunAsync(GuestStreams streams, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<int> exit = WatchAsync(ended.Token);
        var output = new GuestOutput(_agent, _folder, "out", exit, Grace);
        var error = new GuestOutput(_agent, _folder, "err", exit, Grace);
        Task input = streams.Input is { } source ? new GuestInput(_agent, _folder, exit).FeedAsync(source, ended.Token) : Task.CompletedTask;
        Task signals = streams.Signals is { } wanted ? PassOnAsync(wanted, ended.Token) : Task.CompletedTask;
        try
        {
            Task<bool> both = BothAsync(output.FollowAsync(streams.Output, ended.Token), error.FollowAsync(streams.Error, ended.Token));
            // Input may go on when the command does not want it any more; only that it fails is of interest.
            Task first = await Task.WhenAny(both, FailureOf(input), FailureOf(signals)).ConfigureAwait(false);
            await first.ConfigureAwait(false);
            int code = await exit.ConfigureAwait(false);
            if (!await both.ConfigureAwait(false)) throw new DoppelException(ErrorKind.Failed, $"{_agent.Name}: the guest could not make {_folder} for the command's streams (code {code})", "a guest with mkfifo and dd, and room under /run");
            return code;
        }
        catch (IOException)
        {
            // Nobody reads what it writes: it is told as it would be by a pipe.
            await SignalAsync("PIPE", CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await CleanUpAsync().ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    private static async Task<bool> BothAsync(Task<bool> output, Task<bool> error)
    {
        // The first that fails is the end of both.
        await (await Task.WhenAny(output, error).ConfigureAwait(false)).ConfigureAwait(false);
        return await output.ConfigureAwait(false) & await error.ConfigureAwait(false);
    }

    /// <summary>Ends only if the other one fails.</summary>
    private static Task FailureOf(Task task)
    {
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = task.ContinueWith(t => failed.TrySetException(t.Exception!.InnerExceptions), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return failed.Task;
    }

    private async Task<int> WatchAsync(CancellationToken cancel)
    {
        var pace = new Pace();
        while (true)
        {
            AgentProcessStatus status = await _agent.StatusAsync(_pid, cancel).ConfigureAwait(false);
            if (status.Exited) return status.Code;
            await pace.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private async Task PassOnAsync(IAsyncEnumerable<string> signals, CancellationToken cancel)
    {
        await foreach (string signal in signals.WithCancellation(cancel).ConfigureAwait(false)) await SignalAsync(signal, cancel).ConfigureAwait(false);
    }

    /// <summary>To all that the command has started, unless it left its group.</summary>
    private Task SignalAsync(string signal, CancellationToken cancel) =>
        _agent.StartAsync(GuestAgent.Shell, ["-c", "kill -s \"$1\" -- \"-$2\" || kill -s \"$1\" \"$2\"", "doppel", signal, _pid.ToString(CultureInfo.InvariantCulture)], cancel);

    private async Task CleanUpAsync()
    {
        try
        {
            await _agent.StartAsync(GuestAgent.Shell, ["-c", "cd \"$1\" && kill $(cat pids); rm -rf \"$1\"", "doppel", _folder], CancellationToken.None).WaitAsync(CleanUpPatience).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is DoppelException or TimeoutException)
        {
            // The machine is gone, or its agent: nobody to clean up.
        }
    }

    private static void Check(GuestCommand command)
    {
        if (command.Arguments.Count == 0 || command.Arguments[0].Length == 0) throw new DoppelException(ErrorKind.Usage, "there is no command to run", "doppel exec NAME -- uname -a");
        if (command.Arguments.Concat(command.Environment).Append(command.Directory ?? "").Any(a => a.Contains('\0'))) throw new DoppelException(ErrorKind.Usage, "an argument of the command holds a NUL character");
        if (command.Environment.FirstOrDefault(v => !Assignment().IsMatch(v)) is { } wrong) throw new DoppelException(ErrorKind.Usage, $"'{wrong}' is no variable with a value", "NAME=VALUE");
        if (command.User is { } user && !UserName().IsMatch(user)) throw new DoppelException(ErrorKind.Usage, $"'{user}' is no name of a user", "a name as in the guest's /etc/passwd");
    }

    private static string Script(string name)
    {
        using var reader = new StreamReader(typeof(GuestProcess).Assembly.GetManifestResourceStream($"Doppel.Machine.Agent.{name}")!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*=")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\A[a-z_][a-z0-9_.-]{0,31}\z")]
    private static partial Regex UserName();
}
