using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Doppel.Bench;

/// <summary>A running contender with its agent waiting for work: bench/guest/agent.c has the other side.</summary>
internal sealed partial class Session : IAsyncDisposable
{
    private static readonly TimeSpan PatienceForEnd = TimeSpan.FromSeconds(20);
    private readonly Contender _contender;
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Queue<string> _lastLines = new();

    private Session(Contender contender, BenchGuest guest)
    {
        _contender = contender;
        IReadOnlyList<string> command = contender.ConsoleCommand(guest);
        _process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() })!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors) _errors.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>The processor time of the emulator so far.</summary>
    public ProcessTime Time => ProcessTime.Of(_process);

    /// <summary>Starts the contender and waits until its agent is ready.</summary>
    /// <exception cref="EngineMissingException">It is not offered here.</exception>
    /// <exception cref="RunFailedException">It does not come up.</exception>
    public static async Task<Session> StartAsync(Contender contender, BenchGuest guest, TimeSpan timeout)
    {
        var session = new Session(contender, guest);
        try
        {
            await session.ExpectAsync("ready", timeout);
            return session;
        }
        catch (RunFailedException failure)
        {
            // Exit code 2: the command line asks for something that there is not.
            bool missing = contender.IsDoppel && session._process.HasExited && session._process.ExitCode == 2;
            await session.DisposeAsync();
            if (missing) throw new EngineMissingException(session.Errors.Split('\n')[0]);
            throw new RunFailedException("boot: " + failure.Message, true);
        }
    }

    /// <exception cref="RunFailedException">The program or the machine failed, or it took too long.</exception>
    public async Task<Measurement> RunAsync(BenchProgram program, double scale, TimeSpan timeout)
    {
        ProcessTime before = ProcessTime.Of(_process);
        await _process.StandardInput.WriteAsync(program.Command(scale) + "\n");
        await _process.StandardInput.FlushAsync();
        long started = Stopwatch.GetTimestamp();
        Match? result = null;
        while (true)
        {
            Match line = await NextAsync(timeout - Stopwatch.GetElapsedTime(started));
            if (line.Groups["kind"].Value == "result") result = line;
            if (line.Groups["kind"].Value != "end") continue;
            string code = line.Groups["first"].Value;
            if (code != "0" || result is null) throw new RunFailedException($"it ended with code {code}{Context()}", false);
            TimeSpan wall = TimeSpan.FromMicroseconds(long.Parse(result.Groups["second"].Value, CultureInfo.InvariantCulture) / 1000.0);
            // The host's own programs are children of the agent, which knows what they took.
            TimeSpan cpu = _contender is NativeContender ? TimeSpan.FromMicroseconds(long.Parse(line.Groups["second"].Value, CultureInfo.InvariantCulture)) : ProcessTime.Of(_process).Since(before);
            return new Measurement(result.Groups["first"].Value, wall, cpu);
        }
    }

    /// <summary>Runs a command of the guest's shell and gives its last lines.</summary>
    /// <exception cref="RunFailedException">It has failed, or it took too long.</exception>
    public async Task<string> ShellAsync(string command, TimeSpan timeout)
    {
        _lastLines.Clear();
        await _process.StandardInput.WriteAsync($"shell ({command}) >/dev/console 2>&1\n");
        await _process.StandardInput.FlushAsync();
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            Match line = await NextAsync(timeout - Stopwatch.GetElapsedTime(started));
            if (line.Groups["kind"].Value != "end") continue;
            if (line.Groups["first"].Value != "0") throw new RunFailedException($"'{command}' ended with code {line.Groups["first"].Value}{Context()}", false);
            return string.Join('\n', _lastLines);
        }
    }

    /// <summary>Ends the machine.</summary>
    public async ValueTask DisposeAsync()
    {
        using var late = new CancellationTokenSource(PatienceForEnd);
        try
        {
            await _process.StandardInput.WriteAsync("off\n");
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(late.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            if (!_process.HasExited) _process.Kill();
        }

        _process.Dispose();
    }

    private string Errors
    {
        get
        {
            lock (_errors) return _errors.ToString().Trim();
        }
    }

    private async Task ExpectAsync(string kind, TimeSpan timeout)
    {
        long started = Stopwatch.GetTimestamp();
        while ((await NextAsync(timeout - Stopwatch.GetElapsedTime(started))).Groups["kind"].Value != kind)
        {
        }
    }

    /// <summary>The agent's next line. Others, such as the firmware's and the kernel's, are kept for messages.</summary>
    private async Task<Match> NextAsync(TimeSpan timeout)
    {
        using var late = new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : TimeSpan.FromMilliseconds(1));
        while (true)
        {
            string? line;
            try
            {
                line = await _process.StandardOutput.ReadLineAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                throw new RunFailedException("it did not end in time" + Context(), true);
            }

            if (line is null)
            {
                await _process.WaitForExitAsync();
                throw new RunFailedException($"{_contender.Name} ended with code {_process.ExitCode}{Context()}", true);
            }

            if (AgentLine().Match(line) is { Success: true } match) return match;
            _lastLines.Enqueue(line.TrimEnd());
            if (_lastLines.Count > 20) _lastLines.Dequeue();
        }
    }

    private string Context() => Message.After(string.Join('\n', _lastLines), Errors);

    [GeneratedRegex(@"bench (?<kind>ready|result|end)(?: (?<first>[0-9a-f]+) (?<second>\d+))?$")]
    private static partial Regex AgentLine();
}
