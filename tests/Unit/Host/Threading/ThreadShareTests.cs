using System.Globalization;
using Doppel.Host.Threading;

namespace Doppel.Tests.Unit.Host.Threading;

public sealed class ThreadShareTests
{
    [Fact]
    public async Task Background_threads_are_light_and_the_others_stay_as_they_are()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere threads have no nice value.");
        int light = 0, quick = 0;
        await BackgroundThread.RunAsync("test-light", () => light = Nice());
        var thread = new Thread(() =>
        {
            ThreadShare.BeQuick();
            quick = Nice();
        });
        thread.Start();
        thread.Join();
        Assert.Equal((Math.Max(5, Nice()), Nice()), (light, quick));
    }

    [Fact]
    public void Quick_threads_have_shorter_slices_than_light_ones_where_threads_have_slices()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere threads have no slices.");
        double? light = null, quick = null;
        Run(ThreadShare.BeLight, slice => light = slice);
        Run(ThreadShare.BeQuick, slice => quick = slice);

        // Linux tells since 6.12, if it was built to.
        Assert.True(light is null == quick is null);
        Assert.False(light <= quick);

        static void Run(Action change, Action<double?> tell)
        {
            var thread = new Thread(() =>
            {
                change();
                tell(Slice());
            });
            thread.Start();
            thread.Join();
        }
    }

    /// <summary>proc(5), /proc/PID/stat: the 19th field; the second one ends with the last parenthesis.</summary>
    private static int Nice()
    {
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }

    private static double? Slice()
    {
        const string Name = "se.slice";
        if (!File.Exists("/proc/thread-self/sched")) return null;
        string? line = File.ReadLines("/proc/thread-self/sched").FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[(line.IndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }
}
