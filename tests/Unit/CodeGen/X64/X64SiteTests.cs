using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.Core.Vcpu;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>What accesses remember (<see cref="FrameSlot.Sites"/>).</summary>
public sealed class X64SiteTests
{
    private readonly IrRegion _region = new();

    private static ulong Page => Comparison.MemoryStart;

    [Fact]
    public void Slots_of_the_state_suffice() => Assert.Equal(FrameSlot.Count, CpuState.EngineSlots);

    [Theory]
    [InlineData(IrOpcode.Load, IrType.I64)]
    [InlineData(IrOpcode.Load, IrType.S8)]
    [InlineData(IrOpcode.Store, IrType.S16)]
    [InlineData(IrOpcode.Store, IrType.I64)]
    public void Access_needs_no_tlb_while_it_stays_in_its_page(IrOpcode code, IrType type)
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(code, type, 0);
        int[] asked = Run(
            comparison,
            (Page + 16, () => { }),
            (Page + 24, () => { }),
            (Page + 4088, comparison.Machine.EmptyTlbs),
            (Page, () => comparison.Machine.FillsTlbs = false),
            (Page + 4096, () => { }),
            (Page, comparison.Machine.FlushSites));
        Assert.Equal([1, 0, 0, 0, 1, 1], asked);
    }

    [Fact]
    public void Row_needs_no_tlb_while_it_stays_in_its_page()
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(IrOpcode.Store, IrType.I64, 0);
        Access(IrOpcode.Store, IrType.S32, 8);
        int[] asked = Run(
            comparison,
            (Page + 16, () => { }),
            (Page + 24, () => { }),
            (Page + 4, comparison.Machine.EmptyTlbs),
            (Page + 4084, () => comparison.Machine.FillsTlbs = false),
            (Page + 4085, () => { }),
            (Page, comparison.Machine.FlushSites));

        // At first the second access finds what the first has filled. A row that is not in one page, or not known, is two accesses, each for itself.
        Assert.Equal([1, 0, 0, 0, 2, 2], asked);
    }

    [Theory]
    [InlineData(1, 8, false)]
    [InlineData(1, 0, true)]
    [InlineData(1, 4094, true)]
    [InlineData(2, 8, false)]
    [InlineData(2, 16, true)]
    public void Access_without_a_site_looks_intoTheTlb_andSoDoesTheRowThatBeginsWithIt(int accesses, int without, bool hasSite)
    {
        using var comparison = new Comparison(X64Host.Features);
        for (int i = 0; i < accesses; i++) Access(IrOpcode.Store, IrType.I64, 8 + (8 * i));
        ulong[] distances = new ulong[32];
        distances[without >> 7] = 1UL << (without >> 1);
        _region.WithoutSites = distances;
        int[] asked = Run(comparison, (Page, () => { }), (Page + 8, () => { }), (Page, comparison.Machine.EmptyTlbs));
        Assert.Equal([1, 0, hasSite ? 0 : 1], asked);
        Assert.Equal(hasSite, !comparison.Machine.AreSitesEmpty);
    }

    [Fact]
    public void Accesses_that_share_a_site_do_not_take_each_others_page()
    {
        // So many that numbers are given twice: a load's site, and later a store's; and of all sizes.
        using var comparison = new Comparison(X64Host.Features);
        var random = new Random(1);
        for (int i = 0; i < 3 * FrameSlot.SiteCount / 2; i++)
        {
            IrType type = (IrType)random.Next((int)IrType.F64);
            _region.Reset();
            Access(random.Next(2) == 0 ? IrOpcode.Load : IrOpcode.Store, type, 0);
            comparison.Machine.MayFill = (writes, _) => !writes;
            int[] asked = Run(comparison, (Page + (ulong)random.Next(8192 - 8), () => { }));
            if (_region.Ops[0].Code == IrOpcode.Store) Assert.Equal([1], asked);
        }

        // All that have been filled are in the list.
        Assert.False(comparison.Machine.AreSitesEmpty);
        comparison.Machine.FlushSites();
        Assert.True(comparison.Machine.AreSitesEmpty);
    }

    [Fact]
    public void Site_that_finds_another_page_too_often_wants_attention()
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(IrOpcode.Load, IrType.I64, 8);
        comparison.Machine.Refills = 2;
        (ulong, Action)[] runs = [.. Enumerable.Range(0, 6).Select(i => (Page + (ulong)(4096 * (i % 2)), i < 5 ? () => { } : (Action)Check))];
        Run(comparison, runs);
        Assert.True(comparison.Machine.IsCode(comparison.Machine.Refiller));
        Assert.Equal(8, comparison.Machine.RefillerDistance);
        Assert.Equal(FrameSlot.LeaveCode, comparison.Machine.State.Attention);

        void Check()
        {
            // Two were filled for the first time, two have found another page since.
            Assert.Equal((0L, 0), (comparison.Machine.Refills, comparison.Machine.Refiller));
            Assert.Equal(0UL, comparison.Machine.State.Attention);
        }
    }

    [Theory]
    [InlineData(IrType.I64)]
    [InlineData(IrType.S8)]
    public void Site_in_a_trial_countsEachAccess_andWhichWouldHaveFoundItsPage(IrType type)
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(IrOpcode.Load, type, 0);
        comparison.Machine.Refills = 10;
        ulong[] hits = new ulong[9];
        ulong[] pages = [0, 0, 4096, 4096, 4096, 4096, 0, 0, 0];
        Run(comparison, [.. pages.Select((page, i) => (Page + page + (8 * (ulong)i), (Action)(() => Begin(i))))]);

        // The engine is asked for each page once; then the site is filled, and from the third access on there is a trial. What has been counted is seen before the next one runs.
        Assert.Equal([0UL, 0, 0, 0, 0, 1, 2, 2, 2], hits);
        Assert.Equal(10 - 5, comparison.Machine.Refills);

        void Begin(int run)
        {
            hits[run] = comparison.Machine.TrialHits;
            if (run == 2) comparison.Machine.IsTrial = true;

            // It is over: the next access fills the site anew, and is counted, and the one after it finds its page.
            if (run == 7) comparison.Machine.IsTrial = false;
        }
    }

    [Fact]
    public void Row_in_a_trial_isDone_andCounted()
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(IrOpcode.Store, IrType.I64, 0);
        Access(IrOpcode.Store, IrType.S32, 8);
        comparison.Machine.Refills = 10;
        Run(
            comparison,
            (Page + 16, () => { }),
            (Page + 24, () => { }),
            (Page + 4096, () => comparison.Machine.IsTrial = true),
            (Page + 4104, () => { }),
            (Page + 4112, () => { }));

        // The row was not known at first; then it was, and had another page, and the same again.
        Assert.Equal(1UL, comparison.Machine.TrialHits);
        Assert.Equal(10 - 2, comparison.Machine.Refills);
    }

    [Fact]
    public void Site_filledFirstInATrial_isCounted_andEmptiedWithTheOthers()
    {
        using var comparison = new Comparison(X64Host.Features);
        Access(IrOpcode.Load, IrType.I64, 0);
        comparison.Machine.Refills = 10;
        comparison.Machine.IsTrial = true;
        Run(comparison, (Page, () => { }), (Page + 8, () => { }), (Page + 16, () => { }));
        Assert.Equal((10L - 2, 1UL), (comparison.Machine.Refills, comparison.Machine.TrialHits));
        Assert.False(comparison.Machine.AreSitesEmpty);
        comparison.Machine.FlushSites();
        Assert.True(comparison.Machine.AreSitesEmpty);
    }

    private void Access(IrOpcode code, IrType type, int offset)
    {
        _region.KeepsView = true;
        _region.BeginInstruction(offset);
        if (code == IrOpcode.Load) _region.Emit(code, type, IrOperand.Slot(12), IrOperand.Slot(10), c: _region.Constant(offset));
        else _region.Emit(code, type, a: IrOperand.Slot(10), b: IrOperand.Slot(12), c: _region.Constant(offset));
    }

    /// <summary>Runs the region once for each address, after the action; returns how often the engine was asked each time for an access.</summary>
    private int[] Run(Comparison comparison, params (ulong Address, Action Before)[] runs)
    {
        List<int> asked = [];
        int run = 0;
        _region.Emit(IrOpcode.Goto, a: _region.Constant(100));
        comparison.Machine.Asked.Clear();
        comparison.Check(_region, runs.Length, slots =>
        {
            if (run > 0) Count();
            runs[run].Before();
            slots[10] = runs[run++].Address;
        });
        Count();
        return [.. asked];

        void Count()
        {
            asked.Add(comparison.Machine.Asked.Count(kind => kind <= CallbackKind.Store64));
            comparison.Machine.Asked.Clear();
        }
    }
}
