using System.Diagnostics;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Fuzz.Inputs;

/// <summary>
/// Random regions of the translator's operations: they are well-formed, survive printing and parsing, and do the same after the passes, which leave them well-formed.
/// </summary>
internal sealed class IrRun
{
    private const int RunsOfOne = 4;
    private readonly RegionPlan _plan;
    private readonly PassPipeline _passes;
    private readonly IrVerifier _verifier;
    private readonly IrRegion _region = new();
    private readonly IrRegion _parsed = new();

    private IrRun(RegionPlan plan)
    {
        _plan = plan;
        _passes = new PassPipeline(plan.PcSlot);
        _verifier = new IrVerifier(plan.Floats.Contains);
    }

    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        // Few slots, so that operations have more to do with each other, and many.
        var close = new RegionPlan { Integers = [1, 2, 3], Floats = [32, 33], Length = 20 };
        IrRun[] runs = [new(close), new(new RegionPlan()), new(new RegionPlan { Length = 200 })];
        long start = Stopwatch.GetTimestamp();
        long tried = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; tried++)
        {
            int one = unchecked((int)seed + (int)tried);
            try
            {
                if (runs[tried % runs.Length].Check(one) is { } problem) return (tried, $"region {one}: {problem}");
            }
            catch (Exception exception)
            {
                return (tried, $"region {one}: {exception}");
            }
        }

        return (tried, null);
    }

    private string? Check(int seed)
    {
        _region.Reset();
        new RandomRegion(seed, _plan).Fill(_region);
        string text = new IrPrinter().Print(_region);
        if (_verifier.Verify(_region) is [{ } first, ..]) return $"{first}\n{text}";
        RegionRun[] before = Runs(_region, seed);
        _parsed.Reset();
        new IrParser().Parse(text, _parsed);
        if (Difference(before, Runs(_parsed, seed)) is { } parsed) return $"parsing changed {parsed}\n{text}";
        _passes.Run(_region);
        string after = new IrPrinter().Print(_region);
        if (_verifier.Verify(_region) is [{ } second, ..]) return $"the passes made {second}\n{text}became\n{after}";
        return Difference(before, Runs(_region, seed)) is { } passed ? $"the passes changed {passed}\n{text}became\n{after}" : null;
    }

    private RegionRun[] Runs(IrRegion region, int seed) => [.. Enumerable.Range(0, RunsOfOne).Select(i => new RegionRun(region, _plan, unchecked(seed + i)))];

    private static string? Difference(RegionRun[] expected, RegionRun[] actual) => expected.Zip(actual, (e, a) => e.Difference(a)).FirstOrDefault(d => d is not null);
}
