using System.Diagnostics;
using Doppel.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Fuzz.Inputs;

/// <summary>Random regions of the translator's operations.</summary>
internal static class IrRun
{
    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        // Few slots, so that operations have more to do with each other, and many.
        var close = new RegionPlan { Integers = [1, 2, 3], Floats = [32, 33], Length = 20 };
        RegionPlan[] plans = [close, new(), new() { Length = 200 }];
        RegionCheck[] checks = [.. plans.Select(plan => new RegionCheck(plan))];
        var region = new IrRegion();
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            int one = unchecked((int)seed + (int)tried);
            int plan = (int)(tried % plans.Length);
            try
            {
                region.Reset();
                new RandomRegion(one, plans[plan]).Fill(region);
                if (checks[plan].Check(region, one) is { } problem) return (tried, $"region {one}: {problem}");
            }
            catch (Exception exception)
            {
                return (tried, $"region {one}: {exception}");
            }
        }

        return (tried, null);
    }
}
