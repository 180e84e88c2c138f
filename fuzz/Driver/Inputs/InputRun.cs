using System.Diagnostics;

namespace Doppel.Fuzz.Inputs;

/// <summary>Feeds damaged inputs to one target; what is not refused in order is a finding, and so is what takes long.</summary>
internal static class InputRun
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    /// <returns>The number of inputs tried, and what was found, with the input saved to a file.</returns>
    public static (long Tried, string? Finding) Run(InputTarget target, ulong seed, TimeSpan time)
    {
        var mutator = new Mutator(new Random(unchecked((int)seed)));
        long start = Stopwatch.GetTimestamp();
        foreach (byte[] good in target.Seeds)
        {
            try
            {
                target.Read(good);
            }
            catch (Exception exception) when (target.Refuses(exception))
            {
                // A seed for another reader of the same format.
            }
        }

        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            byte[] input = mutator.Mutate(target.Seeds[mutator.Random.Next(target.Seeds.Count)]);
            long begun = Stopwatch.GetTimestamp();
            string? finding = Try(target, input);
            if (finding is null && Stopwatch.GetElapsedTime(begun) > Slow) finding = $"it took {Stopwatch.GetElapsedTime(begun)}";
            if (finding is null) continue;
            string path = Path.GetFullPath($"fuzz-{target.Name}-{seed}.bin");
            File.WriteAllBytes(path, input);
            return (tried, $"{finding}\ninput: {path}");
        }

        return (tried, null);
    }

    private static string? Try(InputTarget target, byte[] input)
    {
        try
        {
            target.Read(input);
        }
        catch (Exception exception)
        {
            return target.Refuses(exception) ? null : exception.ToString();
        }

        return null;
    }
}
