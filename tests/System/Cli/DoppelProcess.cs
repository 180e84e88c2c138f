using System.Diagnostics;
using System.Text;

namespace Doppel.Tests.System.Cli;

/// <summary>How the real command ended.</summary>
internal sealed record DoppelResult(int Code, byte[] OutBytes, string Error, TimeSpan Wall)
{
    public string Out => Encoding.UTF8.GetString(OutBytes);
}

/// <summary>The real command in a process of its own.</summary>
internal sealed class DoppelProcess : IDisposable
{
    private readonly Process _process;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly MemoryStream _out = new();
    private readonly StringBuilder _error = new();
    private readonly Task _outDone;
    private readonly Task _errorDone;

    public DoppelProcess(params IEnumerable<string> arguments)
        : this(new Dictionary<string, string>(), arguments)
    {
    }

    /// <param name="environment">Variables besides those of this process.</param>
    public DoppelProcess(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Executable, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _outDone = _process.StandardOutput.BaseStream.CopyToAsync(_out);
        _errorDone = ReadErrorAsync();
    }

    /// <summary>The command as this build made it, beside the tests.</summary>
    public static string Executable { get; } = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!, "Doppel.Cli", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "doppel");

    public int Id => _process.Id;

    public Stream Input => _process.StandardInput.BaseStream;

    public string ErrorSoFar
    {
        get
        {
            lock (_error) return _error.ToString();
        }
    }

    /// <summary>Runs the command to its end with this input.</summary>
    public static async Task<DoppelResult> RunAsync(TimeSpan limit, byte[] input, params IEnumerable<string> arguments)
    {
        using var process = new DoppelProcess(arguments);
        Task fed = Task.Run(async () =>
        {
            try
            {
                await process.Input.WriteAsync(input);
                process.Input.Close();
            }
            catch (IOException)
            {
                // The command may end without having read everything.
            }
        });
        DoppelResult result = await process.WaitAsync(limit);
        await fed;
        return result;
    }

    public static Task<DoppelResult> RunAsync(params IEnumerable<string> arguments) => RunAsync(Limits.Command, [], arguments);

    /// <summary>Waits until the command has written something to standard error.</summary>
    public async Task WaitForErrorAsync(string text, TimeSpan limit)
    {
        long started = Stopwatch.GetTimestamp();
        while (!ErrorSoFar.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < limit && !_process.HasExited, $"No '{text}' on standard error within {limit}; so far:\n{ErrorSoFar}");
            await Task.Delay(20);
        }
    }

    public async Task<DoppelResult> WaitAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            Assert.Fail($"The command did not end within {limit}; standard error so far:\n{ErrorSoFar}");
        }

        await Task.WhenAll(_outDone, _errorDone).WaitAsync(TimeSpan.FromSeconds(10));
        return new DoppelResult(_process.ExitCode, _out.ToArray(), ErrorSoFar, Stopwatch.GetElapsedTime(_started));
    }

    /// <summary>Sends a signal by its name, such as <c>INT</c>.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, Id.ToString(global::System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadErrorAsync()
    {
        char[] buffer = new char[1024];
        for (int count; (count = await _process.StandardError.ReadAsync(buffer)) > 0;)
        {
            lock (_error) _error.Append(buffer, 0, count);
        }
    }
}
