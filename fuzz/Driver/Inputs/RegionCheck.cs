using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.Passes;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Fuzz.Inputs;

/// <summary>Whether a region is well-formed, survives printing and parsing, and does the same after the passes, which must leave it well-formed.</summary>
internal sealed class RegionCheck(RegionPlan plan)
{
    private const int RunsOfOne = 4;
    private readonly PassPipeline _passes = new(plan.PcSlot);
    private readonly IrVerifier _verifier = new(plan.Floats.Contains);
    private readonly IrPrinter _printer = new();
    private readonly IrRegion _parsed = new();

    /// <summary>What is wrong, or null. The region is changed.</summary>
    /// <param name="seed">Of the states that it starts from.</param>
    public string? Check(IrRegion region, int seed)
    {
        string text = _printer.Print(region);
        if (_verifier.Verify(region) is [{ } first, ..]) return $"{first}\n{text}";
        RegionRun[] before;
        try
        {
            before = Runs(region, seed);
        }
        catch (InvalidOperationException exception)
        {
            return $"{exception.Message}\n{text}";
        }

        _parsed.Reset();
        new IrParser().Parse(text, _parsed);
        if (Difference(before, Runs(_parsed, seed)) is { } parsed) return $"parsing changed {parsed}\n{text}";
        _passes.Run(region);
        string after = _printer.Print(region);
        if (_verifier.Verify(region) is [{ } second, ..]) return $"the passes made {second}\n{text}became\n{after}";
        return Difference(before, Runs(region, seed)) is { } passed ? $"the passes changed {passed}\n{text}became\n{after}" : null;
    }

    private RegionRun[] Runs(IrRegion region, int seed) => [.. Enumerable.Range(0, RunsOfOne).Select(i => new RegionRun(region, plan, unchecked(seed + i)))];

    // A loop without an end ends at a limit of operations, of which there are more before the passes.
    private static string? Difference(RegionRun[] expected, RegionRun[] actual) =>
        expected.Zip(actual, (e, a) => e.Exit.Kind == IrExitKind.Limit ? null : e.Difference(a)).FirstOrDefault(d => d is not null);
}
