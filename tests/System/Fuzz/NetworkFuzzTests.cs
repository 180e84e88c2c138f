using System.Diagnostics;

namespace Doppel.Tests.System.Fuzz;

/// <summary>Bounded runs of the fuzz drivers for networks and their adapters, from a fixed seed and from the day's.</summary>
public sealed class NetworkFuzzTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("gateway", 8)]
    [InlineData("switch", 1)]
    [InlineData("cable", 1)]
    [InlineData("virtio-net", 2)]
    [InlineData("virtqueue", 1)]
    [InlineData("ip", 1)]
    [InlineData("tcp", 1)]
    [InlineData("arp", 1)]
    [InlineData("dhcp", 1)]
    [InlineData("dns", 1)]
    public async Task Driver_finds_nothing(string driver, int seconds)
    {
        foreach (int seed in (int[])[1, DateTime.UtcNow.DayOfYear * 1_000_000])
        {
            var start = new ProcessStartInfo(TranslatorFuzzTests.Executable, [driver, "--seconds", $"{seconds}", "--seed", $"{seed}"]) { RedirectStandardOutput = true };
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
}
