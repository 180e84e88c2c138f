using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Whole regions of random operations, compiled and interpreted.</summary>
public sealed class X64RandomRegionTests
{
    private static readonly ulong[] Everywhere = [.. Enumerable.Repeat(ulong.MaxValue, 32)];
    private const int Seeds = 400;

    private readonly RegionPlan _plan = new();

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Integer_region_does_what_the_interpreter_does(X64Features features) =>
        Compare(features, _plan with { Allows = code => (code is < IrOpcode.FAdd or > IrOpcode.FToInt) && X64Backend.Supports(features, code) });

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Region_with_floating_point_does_what_the_interpreter_does(X64Features features) =>
        Compare(features, _plan with { Allows = code => X64Backend.Supports(features, code) });

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Hostile_region_does_what_the_interpreter_does(X64Features features) =>
        Compare(features, _plan with { Hostile = true, MemorySize = 0x4000, Allows = code => X64Backend.Supports(features, code) });

    private static void Compare(X64Features features, RegionPlan plan)
    {
        using var twin = new RegionTwin(plan, features, singleProcessor: (features & X64Features.Bmi2) == 0);
        var region = new IrRegion();
        var passes = new PassPipeline(plan.PcSlot);
        for (int seed = 0; seed < Seeds; seed++)
        {
            region.Reset();
            new RandomRegion(seed, plan).Fill(region);

            region.KeepsView = seed % 3 == 0;
            region.WithPairs = seed % 2 == 0 ? Everywhere : default;

            // Passes leave operations that no front end makes.
            if (seed % 2 == 0) passes.Run(region);
            twin.Compile(region);
            for (int run = 0; run < 3; run++)
            {
                if (twin.Difference(seed + run) is { } difference) Assert.Fail($"region {seed}, run {run}: {difference}\n{new IrPrinter().Print(region)}");
            }
        }
    }
}
