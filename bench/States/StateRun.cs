using System.Runtime;
using Doppel.Core.Errors;

namespace Doppel.Bench.States;

/// <summary>Measures how fast the state of a running machine is saved and restored.</summary>
internal static class StateRun
{
    /// <summary>As they are named on the command line, beside the classes of programs.</summary>
    public const string Class = "states";

    private const int Repeats = 3;

    private const int QuietAttempts = 30;
    private static readonly TimeSpan QuietPeriod = TimeSpan.FromMilliseconds(300);

    /// <summary>How much of its memory the guest has filled.</summary>
    private const int BusyMegabytes = 64;

    /// <returns>The table, with what did not work.</returns>
    public static async Task<StateTable> MeasureAsync(BenchGuest guest, BenchOptions options, string doppel, string folder, Action<string> progress)
    {
        var table = new StateTable();
        for (int round = 1; round <= options.Rounds; round++)
        {
            foreach (string name in Names(options))
            {
                BenchGuest own = guest.WithDisk(folder, "states-" + name);
                StateContender contender = name switch
                {
                    "qemu" => new QemuStates(own, options.Qemu, Path.Combine(folder, "qemu")),
                    "library" => new LibraryStates(own, Path.Combine(folder, "snapshots")),
                    _ => new DoppelStates(own, doppel, Path.Combine(folder, "state")),
                };
                await using (contender)
                using (new EndedBySignal(contender))
                {
                    await contender.BootAsync(BusyMegabytes);
                    await UntilQuietAsync();
                    foreach ((string operation, Func<Task<IReadOnlyList<double>>> measure) in contender.Operations)
                    {
                        progress($"round {round} of {options.Rounds}: {operation}: {name}");
                        int repeats = operation is StateTable.StoredStart or StateTable.FileStart or StateTable.Forks ? 1 : Repeats;
                        try
                        {
                            for (int i = 0; i < repeats; i++) table.Add(operation, name, await measure());
                        }
                        catch (Exception error) when (error is BenchException or DoppelException)
                        {
                            table.Fail($"{operation}: {name}: {error.Message}");
                        }
                    }
                }
            }
        }

        return table;
    }

    /// <summary>Until the runtime compiles nothing more in this process, in the background: it would take a processor from who watches the guest.</summary>
    private static async Task UntilQuietAsync()
    {
        long before = -1;
        for (int i = 0; i < QuietAttempts && JitInfo.GetCompiledMethodCount() != before; i++)
        {
            before = JitInfo.GetCompiledMethodCount();
            await Task.Delay(QuietPeriod);
        }
    }

    /// <summary>Who is measured.</summary>
    public static IReadOnlyList<string> Names(BenchOptions options) => [.. options.Engines.Any(e => e is "translator" or "auto") ? ["doppel", "library"] : Array.Empty<string>(), .. options.Engines.Contains("qemu") ? ["qemu"] : Array.Empty<string>()];
}
