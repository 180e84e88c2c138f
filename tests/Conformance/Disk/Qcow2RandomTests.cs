namespace Doppel.Tests.Conformance.Disk;

/// <summary>Images that both sides write read the same on both, and QEMU finds no fault in them.</summary>
public sealed class Qcow2RandomTests
{
    /// <summary><c>DOPPEL_DISK_SEEDS=FIRST-LAST</c> runs others than the usual ones.</summary>
    private static (int First, int Last) Seeds { get; } = Environment.GetEnvironmentVariable("DOPPEL_DISK_SEEDS")?.Split('-') is [var first, var last]
        ? (int.Parse(first, System.Globalization.CultureInfo.InvariantCulture), int.Parse(last, System.Globalization.CultureInfo.InvariantCulture))
        : (1, 100);

    [Fact]
    public async Task Random_operations_leave_what_QEMU_reads_and_accepts()
    {
        QemuImg.Require();
        for (int seed = Seeds.First; seed <= Seeds.Last; seed++)
        {
            using var run = new RandomDiskRun(seed);
            try
            {
                await run.RunAsync(rounds: 3, operations: 30);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, {run.Shape}: {exception.Message}", exception);
            }
        }
    }
}
