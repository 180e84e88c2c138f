using System.Diagnostics;

namespace Doppel.Fuzz.Generated;

/// <summary>The process that runs generated code. It says what it is about to try, so that another one knows if this one dies of it.</summary>
internal static class GeneratedChild
{
    /// <summary>The first word of the line of an input, before its number.</summary>
    public const string Trying = "trying";

    /// <summary>The first word of what is reported.</summary>
    public const string Found = "FOUND";

    /// <summary>A program takes as long as so many regions.</summary>
    private const int GuestEvery = 64;

    /// <summary>Guarded tables are unmapped by finalizers, which nothing else calls for.</summary>
    private const int CollectEvery = 8 * GuestEvery;

    public static int Run(ulong seed, TimeSpan time)
    {
        AppContext.SetSwitch("Doppel.Host.GuardSlots", true);
        using var regions = new RegionInput();
        long start = Stopwatch.GetTimestamp();
        for (int number = unchecked((int)seed); Stopwatch.GetElapsedTime(start) < time; number++)
        {
            Console.WriteLine($"{Trying} {(uint)number}");
            if (number % CollectEvery == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            string? finding;
            try
            {
                finding = number % GuestEvery == 0 ? GuestInput.Try(number) : regions.Try(number);
            }
            catch (Exception exception)
            {
                finding = exception.ToString();
            }

            if (finding is null) continue;
            Console.WriteLine($"{Found} {finding}");
            return 1;
        }

        return 0;
    }
}
