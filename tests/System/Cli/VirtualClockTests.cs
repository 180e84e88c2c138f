namespace Doppel.Tests.System.Cli;

/// <summary><c>doppel run --clock virtual</c>: the same run gives the same trace hash and the same output, under each engine.</summary>
[Collection(BootCollection.Name)]
public sealed class VirtualClockTests(DefaultGuest guest)
{
    private const string Script = "date -u; cat /proc/uptime /proc/interrupts; head -c 32 /dev/urandom | od -x; sleep 3600; cat /proc/uptime; dd if=/dev/vda bs=4k 2>/dev/null | md5sum";

    [Fact]
    public async Task Runs_repeat_under_both_engines()
    {
        guest.Require();
        string disk = Path.Combine(Path.GetTempPath(), $"doppel-virtual-{Environment.ProcessId}.img");
        try
        {
            await File.WriteAllBytesAsync(disk, [.. Enumerable.Range(0, 4 << 20).Select(i => (byte)(i * 7 >> 3))], TestContext.Current.CancellationToken);
            (string hash, string output) = await RunAsync("translator", "7", disk);
            Assert.Contains("Fri Jan  2 03:04", output, StringComparison.Ordinal);
            Assert.Equal((hash, output), await RunAsync("translator", "7", disk));
            Assert.Equal((hash, output), await RunAsync("interpreter", "7", disk));
            Assert.NotEqual(hash, (await RunAsync("translator", "8", disk)).Hash);
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Fact]
    public async Task Runs_with_several_processors_repeat()
    {
        guest.Require();
        string[] arguments = ["run", "--clock", "virtual", "--cpus", "3", "--stats", "--", "sh", "-c", "nproc; for i in 1 2 3 4; do head -c 50000 /dev/urandom | md5sum & done; wait; cat /proc/interrupts"];
        DoppelResult first = await DoppelProcess.RunAsync(Limits.Boot, [], arguments), second = await DoppelProcess.RunAsync(Limits.Boot, [], arguments);
        Assert.StartsWith("3\n", first.Out, StringComparison.Ordinal);
        Assert.Equal((HashOf(first), first.Out), (HashOf(second), second.Out));
    }

    private static async Task<(string Hash, string Out)> RunAsync(string engine, string seed, string disk)
    {
        DoppelResult result = await DoppelProcess.RunAsync(Limits.Boot, [],
            "run", "--clock", "virtual", "--engine", engine, "--seed", seed, "--start-time", "2026-01-02T03:04:05Z", "--disk", disk + ",ro", "--stats", "--", "sh", "-c", Script);
        Assert.Equal(0, result.Code);
        return (HashOf(result), result.Out);
    }

    private static string HashOf(DoppelResult result) =>
        Assert.Single(result.Error.Split('\n'), line => line.StartsWith("doppel: trace-hash 0x", StringComparison.Ordinal));
}
