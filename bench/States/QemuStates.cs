using System.Diagnostics;

namespace Doppel.Bench.States;

/// <summary>QEMU, told what to do through its monitor.</summary>
/// <param name="folder">For its socket and files.</param>
internal sealed class QemuStates(BenchGuest guest, string program, string folder) : StateContender
{
    private Process? _process;
    private QemuMonitor? _monitor;
    private Task _reading = Task.CompletedTask;
    private int _number;
    private string _stored = "";

    public override string Name => "qemu";

    public override IReadOnlyList<(string Name, Func<Task<IReadOnlyList<double>>> Measure)> Operations =>
    [
        (StateTable.Stored, () => WhileItRunsAsync(() => Monitor.HumanAsync($"savevm {_stored = $"s{++_number}"}"))),
        (StateTable.File, () => WhileItRunsAsync(() => Monitor.MigrateAsync(FilePath(++_number)))),
        (StateTable.InPlace, () => UntilItGoesOnAsync(() => Monitor.HumanAsync($"loadvm {_stored}"))),
        (StateTable.StoredStart, async () =>
        {
            await EndAsync();
            return await StartAsync("-loadvm", _stored);
        }),
        (StateTable.FileStart, async () =>
        {
            await Monitor.MigrateAsync(FilePath(++_number), goOn: false);
            await EndAsync();
            return await StartAsync("-incoming", "file:" + FilePath(_number));
        }),
    ];

    private QemuMonitor Monitor => _monitor!;

    public override async Task BootAsync(int busyMegabytes)
    {
        Directory.CreateDirectory(folder);
        await RunAsync();
        await Beats.WaitForAsync("bench ready");
        await _process!.StandardInput.WriteAsync($"beat {busyMegabytes}\n");
        await _process.StandardInput.FlushAsync();
        await Beats.WaitForAsync("bench beats");
    }

    public override async ValueTask DisposeAsync()
    {
        await EndAsync();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private string FilePath(int number) => Path.Combine(folder, $"file{number}");

    private async Task<IReadOnlyList<double>> StartAsync(params string[] more)
    {
        long begin = Stopwatch.GetTimestamp();
        await RunAsync(more);
        return [Stopwatch.GetElapsedTime(begin, await Beats.FirstAfterAsync(begin)).TotalMilliseconds];
    }

    private async Task RunAsync(params string[] more)
    {
        string socket = Path.Combine(folder, "monitor");
        File.Delete(socket);
        IReadOnlyList<string> command = [.. new QemuContender(program).ConsoleCommand(guest), "-qmp", $"unix:{socket},server=on,wait=off", .. more];
        // As ours.
        _process = Process.Start(new ProcessStartInfo("setsid", command) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Beats = new Heartbeat();
        _reading = ReadAsync(_process.StandardOutput.BaseStream, Beats);
        _monitor = await QemuMonitor.ConnectAsync(socket);
    }

    private static async Task ReadAsync(Stream output, Heartbeat beats)
    {
        byte[] buffer = new byte[4096];
        for (int count; (count = await output.ReadAsync(buffer)) > 0;) beats.Write(buffer.AsSpan(0, count));
    }

    private async Task EndAsync()
    {
        if (_process is null) return;
        _monitor?.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _process = null;
    }
}
