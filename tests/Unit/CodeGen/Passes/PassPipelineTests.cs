using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Tests.Unit.CodeGen.Passes;

public sealed class PassPipelineTests
{
    private const int Seeds = 1000;
    private readonly RegionPlan _plan = new();

    [Fact]
    public void Random_region_does_the_same_after_the_passes()
    {
        var pipeline = new PassPipeline(_plan.PcSlot);
        var verifier = new IrVerifier(slot => slot is >= 32 and < 64);
        var region = new IrRegion();
        int before = 0, after = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            region.Reset();
            new RandomRegion(seed, _plan).Fill(region);
            before += region.Count;
            RegionRun[] expected = [.. Enumerable.Range(seed, 4).Select(s => new RegionRun(region, _plan, s))];
            pipeline.Run(region);
            after += region.Count;
            Assert.Empty(verifier.Verify(region));
            for (int i = 0; i < expected.Length; i++)
            {
                var actual = new RegionRun(region, _plan, seed + i);
                Assert.True(expected[i].Difference(actual) is null, $"seed {seed}, run {i}: {expected[i].Difference(actual)}");
            }
        }

        Assert.True(after < before);
    }

    [Fact]
    public void Region_may_be_run_twice()
    {
        var pipeline = new PassPipeline(_plan.PcSlot);
        var region = new IrRegion();
        for (int seed = 0; seed < 100; seed++)
        {
            region.Reset();
            new RandomRegion(seed, _plan).Fill(region);
            string expected = new RegionRun(region, _plan, seed).Story;
            pipeline.Run(region);
            pipeline.Run(region);
            Assert.Equal(expected, new RegionRun(region, _plan, seed).Story);
        }
    }
}
