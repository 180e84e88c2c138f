using System.Diagnostics;
using System.Globalization;
using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class WorkRestsTests
{
    [Fact]
    public void Who_has_worked_for_long_lets_others_have_the_processor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere nobody counts it.");
        WorkRests rests = default;
        rests.Take();
        long before = Switches();
        for (int i = 0; i < 20; i++)
        {
            long began = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < 1)
            {
            }

            rests.Take();
        }

        Assert.InRange(Switches() - before, 20, long.MaxValue);
    }

    /// <summary>How often the thread has slept: proc(5), /proc/PID/status.</summary>
    private static long Switches()
    {
        const string Name = "voluntary_ctxt_switches:";
        return long.Parse(File.ReadLines("/proc/thread-self/status").First(l => l.StartsWith(Name, StringComparison.Ordinal))[Name.Length..], CultureInfo.InvariantCulture);
    }
}
