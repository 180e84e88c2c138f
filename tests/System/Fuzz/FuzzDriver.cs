using System.Diagnostics;
using Doppel.Tests.System.Cli;

namespace Doppel.Tests.System.Fuzz;

/// <summary>The fuzz drivers as this build made them, beside the tests.</summary>
internal static class FuzzDriver
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly string Executable = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(DoppelProcess.Executable)))!, "Driver", Path.GetFileName(Path.GetDirectoryName(DoppelProcess.Executable))!, "Doppel.Fuzz");

    /// <summary>Runs a driver from a fixed seed and, so that every day tries something else, from the day's.</summary>
    public static async Task FindsNothingAsync(string driver, int seconds, ITestOutputHelper output)
    {
        foreach (int seed in (int[])[1, DateTime.UtcNow.DayOfYear * 1_000_000]) await FindsNothingAsync(driver, seconds, seed, output);
    }

    public static async Task FindsNothingAsync(string driver, int seconds, int seed, ITestOutputHelper output)
    {
        var start = new ProcessStartInfo(Executable, [driver, "--seconds", $"{seconds}", "--seed", $"{seed}"]) { RedirectStandardOutput = true };
        using Process fuzz = Process.Start(start)!;
        using var late = new CancellationTokenSource(Limit);
        string report = await fuzz.StandardOutput.ReadToEndAsync(late.Token);
        await fuzz.WaitForExitAsync(late.Token);
        output.WriteLine(report.TrimEnd());
        Assert.True(fuzz.ExitCode == 0, report);
        Assert.Contains("nothing found", report);
        Assert.DoesNotContain(" 0 inputs", report);
    }
}
