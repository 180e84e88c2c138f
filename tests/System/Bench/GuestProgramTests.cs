using System.Diagnostics;
using Doppel.Tests.System.Cli;

namespace Doppel.Tests.System.Bench;

/// <summary>The programs of bench/ with little work: they compute the same under every engine, under QEMU and on the host.</summary>
[Collection(BootCollection.Name)]
public sealed class GuestProgramTests(DefaultGuest guest)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);
    private static readonly string[] Needed = ["gcc", "riscv64-linux-gnu-gcc", "qemu-system-riscv64"];

    [Fact]
    public async Task Programs_compute_the_same_everywhere()
    {
        guest.Require();
        string[] missing = [.. Needed.Where(p => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, p))))];
        Assert.SkipWhen(missing.Length > 0, $"missing here: {string.Join(", ", missing)}");

        string folder = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(DoppelProcess.Executable)))!, "Bench", Path.GetFileName(Path.GetDirectoryName(DoppelProcess.Executable))!);
        var start = new ProcessStartInfo(Path.Combine(folder, "Doppel.Bench"), ["--rounds", "1", "--scale", "0.005", "--timeout", "120", "--only", "integer,calls,memory,float,atomics,code,system,smp,disk", "--output", Path.Combine(folder, "check.md")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process bench = Process.Start(start)!;
        using var late = new CancellationTokenSource(Limit);
        Task<string> table = bench.StandardOutput.ReadToEndAsync(late.Token), progress = bench.StandardError.ReadToEndAsync(late.Token);
        await bench.WaitForExitAsync(late.Token);
        Assert.True(bench.ExitCode == 0, await table + await progress);
    }
}
