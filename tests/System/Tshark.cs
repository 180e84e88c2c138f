using System.Diagnostics;

namespace Doppel.Tests.System;

/// <summary>Wireshark's reader of captures, which looks at all checksums.</summary>
internal static class Tshark
{
    /// <summary>What it says about a capture.</summary>
    public static async Task<string> ReadAsync(string file, params string[] arguments)
    {
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, "tshark"))), "missing here: tshark");
        using Process process = Process.Start(new ProcessStartInfo("tshark", ["-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        return output;
    }
}
