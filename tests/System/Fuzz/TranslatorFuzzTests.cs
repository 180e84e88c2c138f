using System.Diagnostics;
using Doppel.Tests.System.Cli;

namespace Doppel.Tests.System.Fuzz;

/// <summary>Bounded runs of the fuzz drivers for the translator, from a fixed seed and, so that every day tries something else, from the day's.</summary>
public sealed class TranslatorFuzzTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("ir", 4)]
    [InlineData("translation", 4)]
    [InlineData("generated", 10)]
    public async Task Driver_finds_nothing(string driver, int seconds)
    {
        Assert.SkipWhen(driver == "generated" && !Engines.Translator.CodeTranslator.IsSupported, "this host cannot run generated code");
        foreach (int seed in (int[])[1, DateTime.UtcNow.DayOfYear * 1_000_000]) await FindsNothingAsync(driver, seconds, seed);
    }

    /// <summary>The first program of this seed stores into the instructions that it executes next, without a fence.</summary>
    [Fact]
    public async Task Driver_does_not_take_old_code_for_a_finding()
    {
        Assert.SkipUnless(Engines.Translator.CodeTranslator.IsSupported, "this host cannot run generated code");
        await FindsNothingAsync("generated", 1, 15872);
    }

    private async Task FindsNothingAsync(string driver, int seconds, int seed)
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

    /// <summary>The drivers as this build made them, beside the tests.</summary>
    internal static string Executable { get; } = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(DoppelProcess.Executable)))!, "Driver", Path.GetFileName(Path.GetDirectoryName(DoppelProcess.Executable))!, "Doppel.Fuzz");
}
