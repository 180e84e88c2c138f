using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Tests.Unit.CodeGen.Ir;

public sealed class RandomRegionTests
{
    private const int Seeds = 300;
    private readonly RegionPlan _plan = new();
    private readonly IrRegion _region = new();

    [Fact]
    public void Region_is_well_formed()
    {
        var verifier = new IrVerifier(slot => slot is >= 32 and < 64);
        for (int seed = 0; seed < Seeds; seed++)
        {
            Make(seed);
            Assert.Empty(verifier.Verify(_region));
        }
    }

    [Fact]
    public void Region_survives_printing_and_parsing()
    {
        var again = new IrRegion();
        for (int seed = 0; seed < Seeds; seed++)
        {
            Make(seed);
            again.Reset();
            string text = new IrPrinter().Print(_region);
            new IrParser().Parse(text, again);
            Assert.Equal(text, new IrPrinter().Print(again));

            // The pool's order may differ, nothing else.
            Assert.Equal(_region.Ops.ToArray().Select(op => op.Code), again.Ops.ToArray().Select(op => op.Code));
            Assert.Equal(new RegionRun(_region, _plan, seed).Story, new RegionRun(again, _plan, seed).Story);
        }
    }

    [Fact]
    public void Region_ends()
    {
        var kinds = new HashSet<IrExitKind>();
        for (int seed = 0; seed < Seeds; seed++)
        {
            Make(seed);
            kinds.Add(new RegionRun(_region, _plan, seed).Exit.Kind);
        }

        Assert.DoesNotContain(IrExitKind.Limit, kinds);
        Assert.Equal(Enum.GetValues<IrExitKind>().Length - 1, kinds.Count);
    }

    [Fact]
    public void Regions_have_all_operations()
    {
        var seen = new HashSet<IrOpcode>();
        for (int seed = 0; seed < Seeds; seed++)
        {
            Make(seed);
            foreach (ref readonly IrOp op in _region.Ops) seen.Add(op.Code);
        }

        // What these two do depends on pages, of which the flat memory of these tests has none.
        Assert.Equal(Enum.GetValues<IrOpcode>().Except([IrOpcode.ZeroBlock, IrOpcode.RequirePage]), seen.Order());
    }

    private void Make(int seed)
    {
        _region.Reset();
        new RandomRegion(seed, _plan).Fill(_region);
    }
}
