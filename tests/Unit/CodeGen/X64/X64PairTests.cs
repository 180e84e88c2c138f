using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Loads that remember two pages (<see cref="FrameSlot.Pairs"/>).</summary>
public sealed class X64PairTests : IDisposable
{
    private const ulong Page = 0x4321_0000;
    private const ulong LastPage = ulong.MaxValue - 4095;
    private const int Pages = 4;
    private readonly FlatMemory _memory = new(Page, Pages * 4096);
    private readonly CodeMachine _machine;
    private readonly IrRegion _region = new();
    private nint _code;

    public X64PairTests()
    {
        new Random(1).NextBytes(_memory.Bytes);
        _machine = new CodeMachine(_memory, X64Host.Features, singleProcessor: true) { FillsTlbs = false };
        _region.KeepsView = true;
        _region.WithPairs = At(0);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(IrType.S8, 0)]
    [InlineData(IrType.S8, 3)]
    [InlineData(IrType.U16, 0)]
    [InlineData(IrType.S32, -8)]
    [InlineData(IrType.I64, 0)]
    [InlineData(IrType.I64, 4096)]
    public void Load_needs_no_tlb_while_it_stays_in_its_pages(IrType type, int offset)
    {
        Load(type, offset);
        int size = type switch { IrType.I64 => 8, IrType.S32 => 4, IrType.U16 => 2, _ => 1 };

        // In the host's memory the second page is before the first one.
        _machine.Map(Page, 2);
        _machine.Map(Page + 4096, 1);
        Assert.Equal(Expected(type, 2 * 4096), Run(Page, offset));
        _machine.EmptyTlbs();
        foreach (ulong at in new ulong[] { 0, 4096 - (ulong)size, 4096, 8192 - (ulong)size, 2048, 6144 })
            Assert.Equal(Expected(type, at < 4096 ? (int)at + (2 * 4096) : (int)at), Run(Page + at, offset));
        Assert.Equal(0, Asked);
    }

    [Theory]
    [InlineData(-8)]
    [InlineData(8192)]
    [InlineData(4)]
    [InlineData(4092)]
    [InlineData(1L << 40)]
    [InlineData(-1L << 40)]
    public void Load_from_elsewhere_or_misaligned_asks(long distance)
    {
        Load(IrType.I64);
        _machine.Map(Page, 0);
        _machine.Map(Page + 4096, 1);
        Run(Page);
        _machine.EmptyTlbs();
        Run(unchecked(Page + (ulong)distance));
        Assert.Equal(1, Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Neighbour_is_the_page_behind_or_else_the_one_before(bool isBehind)
    {
        Load(IrType.S32);
        _machine.Map(Page + 4096, 3);
        _machine.Map(isBehind ? Page + 8192 : Page, 0);
        Assert.Equal(Expected(IrType.S32, 3 * 4096), Run(Page + 4096));
        _machine.EmptyTlbs();
        Assert.Equal(Expected(IrType.S32, 3 * 4096 + 12), Run(Page + 4096 + 12));
        Assert.Equal(Expected(IrType.S32, 16), Run((isBehind ? Page + 8192 : Page) + 16));
        Assert.Equal(0, Asked);
        _machine.FlushSites();
        Assert.True(_machine.AreSitesEmpty);
        Run(Page + 4096);
        Assert.Equal(1, Asked);
    }

    [Fact]
    public void Page_without_a_neighbour_in_the_tlb_is_found_there_each_time()
    {
        Load(IrType.I64);
        _machine.Map(Page, 1);
        Run(Page);
        Assert.Equal(Expected(IrType.I64, 4096 + 8), Run(Page + 8));
        Assert.True(_machine.ArePairsEmpty);
        Assert.Equal(0, Asked);
        _machine.EmptyTlbs();
        Run(Page);
        Assert.Equal(1, Asked);
    }

    [Theory]
    [InlineData(0, LastPage)]
    [InlineData(LastPage, 0)]
    public void Last_page_and_first_one_do_not_follow_each_other(ulong page, ulong other)
    {
        Load(IrType.I64);
        _machine.Map(page, 0);
        _machine.Map(other, 1);
        Assert.Equal(Expected(IrType.I64, 0), Run(page));
        Assert.True(_machine.ArePairsEmpty);
        Assert.Equal(Expected(IrType.I64, 4096), Run(other));
    }

    [Fact]
    public void Pair_is_exchanged_for_another_and_after_too_many_times_wants_attention()
    {
        Load(IrType.I64);
        for (int page = 0; page < 4; page++) _machine.Map(Page + (4096 * (ulong)page), page);
        _machine.Refills = 2;
        foreach (ulong page in new ulong[] { 0, 1, 2, 3, 0, 1 }) Assert.Equal(Expected(IrType.I64, 4096 * (int)page), Run(Page + (4096 * page)));

        // The first time it was empty; then pages 2 and 3, and 0 and 1 again.
        Assert.Equal(0, _machine.Refills);
        Assert.Equal(0UL, _machine.State.Attention);
        Run(Page + 8192);
        Assert.Equal(FrameSlot.LeaveCode, _machine.State.Attention);
        Assert.True(_machine.IsCode(_machine.Refiller));
        Assert.Equal(FrameSlot.RefillerPair, _machine.RefillerDistance);
    }

    [Fact]
    public void Pair_in_a_trial_countsEachAccess_andIsRightAfterIt()
    {
        Load(IrType.I64);
        _machine.Map(Page, 1);
        _machine.Map(Page + 4096, 0);
        _machine.Refills = 10;
        Run(Page);
        _machine.IsTrial = true;
        _machine.FlushSites();
        for (int i = 0; i < 3; i++) Run(Page + 8);
        Assert.Equal(2UL, _machine.TrialHits);
        Assert.Equal(10 - 3, _machine.Refills);
        _machine.IsTrial = false;
        Assert.Equal(Expected(IrType.I64, 4096 + 24), Run(Page + 24));
        Assert.Equal(Expected(IrType.I64, 24), Run(Page + 4096 + 24));
        Assert.Equal(10 - 4, _machine.Refills);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Load_without_sites_or_in_a_row_looks_into_the_tlb(bool isWithout, bool isRow)
    {
        if (isWithout) _region.WithoutSites = At(0);
        if (isRow) Emit(IrType.I64, 8, slot: 13);
        Load(IrType.I64);
        _machine.Map(Page, 0);
        _machine.Map(Page + 4096, 1);
        Run(Page);
        Assert.True(_machine.AreSitesEmpty);
        _machine.EmptyTlbs();
        _machine.Asked.Clear();
        Run(Page);
        Assert.Equal(isRow ? 2 : 1, Asked);
    }

    /// <summary>How often the engine was asked for an access.</summary>
    private int Asked => _machine.Asked.Count(kind => kind <= CallbackKind.Store64);

    private static ulong[] At(int distance)
    {
        ulong[] instructions = new ulong[32];
        instructions[distance >> 7] |= 1UL << (distance >> 1);
        return instructions;
    }

    private void Load(IrType type, int offset = 0)
    {
        Emit(type, offset, slot: 12);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(100));
        _code = _machine.Compile(_region);
    }

    private void Emit(IrType type, int offset, int slot)
    {
        _region.BeginInstruction(0);
        _region.Emit(IrOpcode.Load, type, IrOperand.Slot(slot), IrOperand.Slot(10), c: _region.Constant(offset));
    }

    /// <summary>What the load has got from an address.</summary>
    private ulong Run(ulong address, int offset = 0)
    {
        Span<ulong> slots = _machine.State.AsSpan();
        slots.Clear();
        slots[10] = unchecked(address - (ulong)offset);
        _machine.Run(_code);
        return _machine.State.AsSpan()[12];
    }

    private ulong Expected(IrType type, int at)
    {
        ReadOnlySpan<byte> bytes = _memory.Bytes[at..];
        return type switch
        {
            IrType.S8 => (ulong)(sbyte)bytes[0],
            IrType.U16 => BitConverter.ToUInt16(bytes),
            IrType.S32 => (ulong)BitConverter.ToInt32(bytes),
            _ => BitConverter.ToUInt64(bytes),
        };
    }
}
