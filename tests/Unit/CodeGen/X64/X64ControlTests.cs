using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.X64;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Branches, and all ways out of a region.</summary>
public sealed class X64ControlTests : IDisposable
{
    private const ulong Page = 0x7000;

    private readonly FlatMemory _memory = new(Comparison.MemoryStart, 4096);
    private readonly CodeMachine _machine;
    private readonly IrRegion _region = new();

    public X64ControlTests()
    {
        _machine = new CodeMachine(_memory, X64Host.Features, singleProcessor: false);
        _machine.State[TestFrontEnd.Pc] = Page;
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Branch_goes_where_the_interpreter_goes(X64Features features)
    {
        using var comparison = new Comparison(features);
        var random = new Random(4);
        int[] slots = [10, 11, 3, 4, 42];
        for (int i = 0; i < 3000; i++)
        {
            _region.Reset();
            Guest(0);
            IrOperand a = Operand(), b = Operand();
            IrOperand taken = _region.NewLabel();
            _region.Emit(IrOpcode.Branch, a: a, b: b, c: taken, detail: (byte)random.Next(6));
            Guest(4);
            _region.Emit(IrOpcode.Goto, a: _region.Constant(8));
            _region.Emit(IrOpcode.Label, c: taken);
            Guest(100);
            _region.Emit(IrOpcode.Goto, a: _region.Constant(104));
            comparison.Check(_region, 4, state =>
            {
                foreach (int slot in slots) state[slot] = random.Next(3) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : (ulong)random.Next(-2, 3);
            });
        }

        IrOperand Operand()
        {
            switch (random.Next(8))
            {
                case < 4: return IrOperand.Slot(slots[random.Next(slots.Length)]);
                case < 6: return _region.Constant(random.Next(-2, 3));
                case 6: return _region.Constant(random.NextInt64());
            }

            IrOperand temp = _region.NewTemp();
            _region.Emit(IrOpcode.Mov, d: temp, a: IrOperand.Slot(slots[random.Next(slots.Length)]));
            return temp;
        }
    }

    [Fact]
    public void Temporaries_live_on_where_a_branch_is_not_taken()
    {
        using var comparison = new Comparison(X64Host.Features);
        Guest(0);
        IrOperand temp = _region.NewTemp();
        IrOperand away = _region.NewLabel();
        _region.Emit(IrOpcode.Add, d: temp, a: IrOperand.Slot(10), b: _region.Constant(1));
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(3), b: IrOperand.Slot(4), c: away, detail: (byte)IrCondition.LessUnsigned);
        _region.Emit(IrOpcode.Mov, d: IrOperand.Slot(11), a: temp);
        _region.Emit(IrOpcode.Label, c: away);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(4));
        var random = new Random(5);
        comparison.Check(_region, 20, slots => random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(slots)));
    }

    [Fact]
    public void Loop_counts_down()
    {
        IrOperand head = _region.NewLabel();
        _region.Emit(IrOpcode.Label, c: head);
        Guest(0);
        _region.Emit(IrOpcode.Add, d: IrOperand.Slot(3), a: IrOperand.Slot(3), b: IrOperand.Slot(10));
        Guest(4);
        _region.Emit(IrOpcode.Sub, d: IrOperand.Slot(10), a: IrOperand.Slot(10), b: _region.Constant(1));
        Guest(8);
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(10), b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        Guest(12);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(16));
        _machine.State[10] = 100;
        Assert.Equal(new IrExit(IrExitKind.Goto, 16), _machine.Run(_machine.Compile(_region)));
        Assert.Equal(5050UL, _machine.State[3]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(4095)]
    public void Link_within_the_page_asks_until_it_is_connected(int distance)
    {
        Guest(8);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(distance));
        nint code = _machine.Compile(_region);
        Assert.Equal(new IrExit(IrExitKind.Goto, distance), _machine.Run(code));
        LinkSite link = Assert.Single(_machine.Links);
        Assert.Equal(-1, link.Guard);
        Assert.InRange(link.Jump % 8, 0, 4);
        _machine.Asked.Clear();
        _machine.Connect(code, 0);
        _machine.Run(code);
        Assert.Empty(_machine.Asked);
        Assert.Equal(Page, _machine.State[TestFrontEnd.Pc]);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(-4)]
    [InlineData(0x1234_5678)]
    [InlineData(-0x12_3456_789a)]
    public void Link_to_another_page_is_guarded(long distance)
    {
        Guest(8);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(distance));
        nint code = _machine.Compile(_region);
        Assert.Equal(new IrExit(IrExitKind.Goto, distance), _machine.Run(code));
        LinkSite link = Assert.Single(_machine.Links);
        Assert.InRange(link.Jump % 8, 0, 4);
        Assert.InRange(link.Guard % 8, 0, 4);
        ulong target = (Page + (ulong)distance) & ~4095UL;

        // Another processor may see the new guard before the new jump.
        _machine.Connect(code, 0, page: 3, address: target, jump: false);
        Assert.Equal(new IrExit(IrExitKind.GotoIndirect, 0, Page + (ulong)distance), _machine.Run(code));
        _machine.State[TestFrontEnd.Pc] = Page;

        // Present, but at another address.
        _machine.Connect(code, 0, page: 3, address: target + 4096);
        Assert.Equal(new IrExit(IrExitKind.Goto, distance), _machine.Run(code));
        Assert.Equal(Page, _machine.State[TestFrontEnd.Pc]);
        _machine.Asked.Clear();
        _machine.Connect(code, 0, page: 3, address: target);
        _machine.Run(code);
        Assert.Empty(_machine.Asked);
        Assert.Equal(target, _machine.State[TestFrontEnd.Pc]);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3)]
    [InlineData(-1)]
    public void Indirect_jump_looks_into_the_jump_cache(int slot)
    {
        const ulong Target = 0xffff_ffff_8123_4566;
        Guest(0);
        IrOperand a = slot < 0 ? _region.NewTemp() : IrOperand.Slot(slot);
        if (slot < 0) _region.Emit(IrOpcode.And, d: a, a: IrOperand.Slot(11), b: _region.Constant(-2));
        _region.Emit(IrOpcode.GotoIndirect, a: a);
        (_machine.State[10], _machine.State[3], _machine.State[11]) = (Target, Target, Target + 1);
        nint code = _machine.Compile(_region);
        Assert.Equal(new IrExit(IrExitKind.GotoIndirect, 0, Target), _machine.Run(code));
        const ulong Other = Target ^ 2 ^ 2 << X64Target.JumpCacheFold;
        Assert.Equal(X64Target.JumpCacheIndex(Target), X64Target.JumpCacheIndex(Other));
        _machine.Cache(Other);
        Assert.Equal(new IrExit(IrExitKind.GotoIndirect, 0, Target), _machine.Run(code));
        Assert.Equal(Page, _machine.State[TestFrontEnd.Pc]);
        _machine.Cache(Target);
        _machine.Asked.Clear();
        _machine.Run(code);
        Assert.Empty(_machine.Asked);
        Assert.Equal(Target & ~4095UL, _machine.State[TestFrontEnd.Pc]);
        Assert.Equal(Target, _machine.State[10]);
    }

    [Fact]
    public void Attention_leaves_at_the_distance()
    {
        _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(12));
        Guest(12);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(16));
        nint code = _machine.Compile(_region);
        Assert.Equal(new IrExit(IrExitKind.Goto, 16), _machine.Run(code));
        _machine.State.Attention = 1UL << 63;
        Assert.Equal(new IrExit(IrExitKind.Attention, 12), _machine.Run(code));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3)]
    [InlineData(-1)]
    public void Context_that_the_table_has_is_selected_without_asking(int slot)
    {
        const ulong Number = 0x4_6001;
        Guest(4);
        IrOperand a = slot < 0 ? _region.NewTemp() : IrOperand.Slot(slot), kept = _region.NewTemp();
        if (slot < 0) _region.Emit(IrOpcode.Or, d: a, a: IrOperand.Slot(11), b: _region.Constant(1));
        _region.Emit(IrOpcode.Add, d: kept, a: IrOperand.Slot(11), b: _region.Constant(5));
        _region.Emit(IrOpcode.SelectContext, a: a);
        _region.Emit(IrOpcode.Mov, d: IrOperand.Slot(12), a: kept);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(8));
        (_machine.State[10], _machine.State[3], _machine.State[11]) = (Number, Number, Number - 1);
        nint code = _machine.Compile(_region);
        ulong[] before = _machine.Selected;
        Assert.Equal(new IrExit(IrExitKind.Goto, 8), _machine.Run(code));
        Assert.Equal([CallbackKind.Context, CallbackKind.Link], _machine.Asked);
        Assert.Equal(["context 46001"], _memory.Events);
        Assert.Equal(before, _machine.Selected);
        Assert.Equal(Number + 4, _machine.State[12]);

        _machine.Asked.Clear();
        _machine.State[12] = 0;
        _machine.AddContext(Number, [100, 200, 300, 400]);
        Assert.Equal(new IrExit(IrExitKind.Goto, 8), _machine.Run(code));
        Assert.Equal([CallbackKind.Link], _machine.Asked);
        Assert.Equal([Number, 100, 200, 300, 400], _machine.Selected);
        Assert.Equal(Number + 4, _machine.State[12]);
    }

    [Fact]
    public void Contexts_that_take_turns_have_entries_of_their_own()
    {
        // A kernel with and without access to its program's pages, the program; all states of floating point.
        foreach (ulong always in new ulong[] { 0, 0x100 })
        {
            ulong[] numbers = [.. Enumerable.Range(0, 4).SelectMany(state => new ulong[] { 0, 1, 0x4_0001 }.Select(view => always | (ulong)state << 13 | view))];
            Assert.Equal(numbers.Length, numbers.Select(X64Target.ContextIndex).Distinct().Count());
        }
    }

    [Fact]
    public void Count_takes_from_the_budget_or_leaves()
    {
        _region.Emit(IrOpcode.Count, a: _region.Constant(3), b: _region.Constant(12));
        for (int distance = 12; distance < 24; distance += 4) Guest(distance);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(24));
        nint code = _machine.Compile(_region);
        _machine.Budget = 5;
        Assert.Equal(new IrExit(IrExitKind.Goto, 24), _machine.Run(code));
        Assert.Equal(2, _machine.Budget);
        Assert.Equal(new IrExit(IrExitKind.Attention, 12), _machine.Run(code));
        Assert.Equal(2, _machine.Budget);
        Assert.Equal(CallbackKind.Budget, _machine.Asked[^1]);
        _machine.Budget = 3;
        Assert.Equal(new IrExit(IrExitKind.Goto, 24), _machine.Run(code));
        Assert.Equal(0, _machine.Budget);
    }

    [Fact]
    public void Engine_sees_the_budget_before_the_instruction()
    {
        List<long> seen = [];
        _memory.OnStep = distance =>
        {
            seen.Add(_machine.Budget);
            _machine.Budget--;
            return distance < 12;
        };
        _region.Emit(IrOpcode.Count, a: _region.Constant(5), b: _region.Constant(0));
        Guest(0);
        Guest(4);
        _region.Emit(IrOpcode.Step, a: _region.Constant(4));
        Guest(8);
        _region.Emit(IrOpcode.Step, a: _region.Constant(8));
        Guest(12);
        _region.Emit(IrOpcode.Step, a: _region.Constant(12));
        Guest(16);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(20));
        _machine.Budget = 100;
        Assert.Equal(new IrExit(IrExitKind.Step, 12), _machine.Run(_machine.Compile(_region)));
        Assert.Equal([99, 98, 97], seen);
        Assert.Equal(96, _machine.Budget);
    }

    [Fact]
    public void Uncount_gives_back_all_but_one()
    {
        _memory.OnStep = _ =>
        {
            _machine.Budget--;
            return true;
        };
        _region.Emit(IrOpcode.Uncount, a: _region.Constant(4));
        Guest(4);
        _region.Emit(IrOpcode.Step, a: _region.Constant(4));
        _region.Emit(IrOpcode.Goto, a: _region.Constant(8));
        _machine.Budget = 10;
        Assert.Equal(new IrExit(IrExitKind.Goto, 8), _machine.Run(_machine.Compile(_region)));
        Assert.Equal(14, _machine.Budget);
    }

    [Fact]
    public void Step_sees_the_slots_before_it_and_its_changes_are_seen_behind()
    {
        Guest(0);
        _region.Emit(IrOpcode.Add, d: IrOperand.Slot(10), a: IrOperand.Slot(10), b: _region.Constant(1));
        Guest(4);
        _region.Emit(IrOpcode.Step, a: _region.Constant(4));
        Guest(8);
        _region.Emit(IrOpcode.Add, d: IrOperand.Slot(10), a: IrOperand.Slot(10), b: IrOperand.Slot(42));
        Guest(12);
        _region.Emit(IrOpcode.StepLast, a: _region.Constant(12));
        _machine.State[10] = 1;
        ulong seen = 0;
        _memory.OnStep = distance =>
        {
            if (distance != 4) return false;
            seen = _machine.State[10];
            (_machine.State[10], _machine.State[42]) = (100, 7);
            return true;
        };
        Assert.Equal(new IrExit(IrExitKind.Step, 12), _machine.Run(_machine.Compile(_region)));
        Assert.Equal(2UL, seen);
        Assert.Equal(107UL, _machine.State[10]);
        Assert.Equal([CallbackKind.Step, CallbackKind.StepLast], _machine.Asked);
    }

    [Fact]
    public void Step_that_does_not_go_on_leaves()
    {
        Guest(4);
        _region.Emit(IrOpcode.Step, a: _region.Constant(4));
        _region.Emit(IrOpcode.Mov, d: IrOperand.Slot(10), a: _region.Constant(1));
        _region.Emit(IrOpcode.Goto, a: _region.Constant(8));
        _memory.OnStep = _ => false;
        Assert.Equal(new IrExit(IrExitKind.Step, 4), _machine.Run(_machine.Compile(_region)));
        Assert.Equal(0UL, _machine.State[10]);
    }

    private void Guest(int distance) => _region.BeginInstruction(distance);
}
