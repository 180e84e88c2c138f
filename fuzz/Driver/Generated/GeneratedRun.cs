using System.Diagnostics;
using System.Globalization;

namespace Doppel.Fuzz.Generated;

/// <summary>
/// Generated code of random regions and hostile programs, in a process of its own: a touch of memory that is neither the guest's nor the engine's kills it or leaves
/// a mark there, and whatever else it does is compared with the interpreters.
/// </summary>
internal static class GeneratedRun
{
    /// <summary>The name under which the driver starts itself.</summary>
    public const string ChildName = "generated-child";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [ChildName, "--seed", seed.ToString(CultureInfo.InvariantCulture), "--seconds", time.TotalSeconds.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };

        // A dump of each crash would be large, and says less than the input.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process child = Process.Start(start)!;
        long tried = 0;
        uint last = 0;
        string? finding = null;
        using var watch = new Timer(_ => child.Kill());
        while (true)
        {
            watch.Change(Patience, Timeout.InfiniteTimeSpan);
            if (child.StandardOutput.ReadLine() is not { } line) break;
            if (line.StartsWith(GeneratedChild.Trying, StringComparison.Ordinal))
            {
                last = uint.Parse(line.AsSpan(GeneratedChild.Trying.Length), CultureInfo.InvariantCulture);
                tried++;
            }
            else
            {
                finding = line + "\n" + child.StandardOutput.ReadToEnd();
                break;
            }
        }

        child.WaitForExit();
        if (finding is null && child.ExitCode != 0) finding = $"generated code ended the process with {child.ExitCode}, or it took longer than {Patience.TotalSeconds} s";
        return (tried, finding is null ? null : $"--seed {last} repeats it: {finding}");
    }
}
