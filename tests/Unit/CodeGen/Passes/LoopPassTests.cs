using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Core.Vcpu;
using Doppel.Tests.Unit.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.Passes;

/// <summary>Loops of one block, left at their end, in their middle or because of attention: before the passes, after them and compiled.</summary>
public sealed class LoopPassTests
{
    private const int Counter = 13;
    private const int Skips = 14;

    /// <summary>The counter's value with which something begins to want attention.</summary>
    private const int Wanted = 15;

    // With and without registers; few, so that a slot is often overwritten, read and changed in one turn.
    private static readonly int[] Slots = [10, 11, 3, 4, 5];
    private static readonly IrOpcode[] Operations = [IrOpcode.Mov, IrOpcode.Add, IrOpcode.Sub, IrOpcode.Xor, IrOpcode.Mul, IrOpcode.Shl, IrOpcode.Sar, IrOpcode.Select, IrOpcode.DivU];

    private readonly IrRegion _region = new();
    private readonly FlatMemory _memory = new(Comparison.MemoryStart, 4096);
    private readonly ulong[] _before = new ulong[TestFrontEnd.Count];
    private int _attention;

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Loop_is_left_with_the_same_slots(X64Features features)
    {
        using var machine = new CodeMachine(new FlatMemory(Comparison.MemoryStart, 4096), features, singleProcessor: false);
        var pipeline = new PassPipeline(TestFrontEnd.Pc);
        var random = new Random(8);
        var expected = new Outcome[16];
        _attention = machine.State.AttentionSlot;
        int moved = 0, left = 0;
        for (int i = 0; i < 2000; i++)
        {
            Build(random);
            foreach (ref ulong slot in _before.AsSpan()) slot = random.Next(3) == 0 ? (ulong)random.Next(3) : (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            _before[Skips] = (ulong)random.Next(2);
            for (int run = 0; run < expected.Length; run++) expected[run] = Interpret(run);
            string text = new IrPrinter(slot => $"${slot}").Print(_region);
            pipeline.Run(_region);
            if (_region.Ops.ToArray().Any(op => op.Code == IrOpcode.JumpUnlessAttention)) moved++;
            text += $"became\n{new IrPrinter(slot => $"${slot}").Print(_region)}";
            nint code = machine.Compile(_region);
            for (int run = 0; run < expected.Length; run++)
            {
                AssertEqual(expected[run], Interpret(run), text);
                AssertEqual(expected[run], Execute(machine, code, run), text);
                if (expected[run].Exit.Kind == IrExitKind.Attention) left++;
            }
        }

        Assert.True(moved > 500, $"{moved} loops");
        Assert.True(left > 5000, $"left {left} times");
    }

    [Fact]
    public async Task Loop_without_an_end_is_left_when_another_thread_wants_attention()
    {
        using var machine = new CodeMachine(_memory, X64Host.Features, singleProcessor: false);
        IrOperand head = _region.NewLabel();
        _region.Emit(IrOpcode.Label, c: head);
        _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(0));
        Compute(0, IrOpcode.Add, 10, 10, 1);
        Compute(4, IrOpcode.Shl, 3, 10, 3);
        Compute(8, IrOpcode.Mul, 11, 3, 5);
        _region.BeginInstruction(12);
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(10), b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        _region.BeginInstruction(16);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(20));
        new PassPipeline(TestFrontEnd.Pc).Run(_region);
        Assert.Contains(_region.Ops.ToArray(), op => op.Code == IrOpcode.JumpUnlessAttention);
        nint code = machine.Compile(_region);
        for (int i = 0; i < 5; i++)
        {
            machine.State.Attention = 0;
            ulong before = machine.State[10];
            Task<IrExit> run = Task.Run(() => machine.Run(code), TestContext.Current.CancellationToken);
            await Task.Delay(10, TestContext.Current.CancellationToken);
            Volatile.Write(ref machine.State.Attention, CpuState.AttentionWanted);
            Assert.Equal(new IrExit(IrExitKind.Attention, 0), await run);
            ulong count = machine.State[10];
            Assert.True(count > before);
            Assert.Equal((count << 3, (count << 3) * 5), (machine.State[3], machine.State[11]));
        }
    }

    /// <summary>Each run has a number of turns, and one in which attention is wanted from then on, if it comes to that.</summary>
    private Outcome Interpret(int run)
    {
        ulong[] slots = [.. _before, .. new ulong[_attention + 1 - _before.Length]];
        (slots[Counter], _memory.CalmChecks) = ((ulong)(run % 4) + 1, run / 4);
        slots[Wanted] = slots[Counter] - (ulong)_memory.CalmChecks;
        IrExit exit = new IrInterpreter(_memory, new SoftFloat()).Run(_region, slots);
        return new Outcome(exit, slots[.._before.Length]);
    }

    private Outcome Execute(CodeMachine machine, nint code, int run)
    {
        Span<ulong> slots = machine.State.AsSpan();
        _before.CopyTo(slots);
        slots[Counter] = (ulong)(run % 4) + 1;
        slots[Wanted] = slots[Counter] - (ulong)(run / 4);
        machine.State.Attention = run / 4 == 0 ? CpuState.AttentionWanted : 0;
        IrExit exit = machine.Run(code);
        return new Outcome(exit, slots[.._before.Length].ToArray());
    }

    private static void AssertEqual(Outcome expected, Outcome actual, string text)
    {
        Assert.True(expected.Exit == actual.Exit, $"{actual.Exit}, should be {expected.Exit}, from\n{text}");
        foreach (int slot in Slots) Assert.True(expected.Slots[slot] == actual.Slots[slot], $"slot {slot} is 0x{actual.Slots[slot]:x}, should be 0x{expected.Slots[slot]:x}, after {expected.Exit} from\n{text}");
    }

    private void Build(Random random)
    {
        _region.Reset();
        IrOperand head = _region.NewLabel(), away = _region.NewLabel();
        _region.BeginInstruction(0);
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(Skips), b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        Operation(random, 4);
        _region.Emit(IrOpcode.Label, c: head);
        _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(8));
        int length = random.Next(1, 9), distance = 8;
        for (int i = 0; i < length; i++, distance += 4)
        {
            if (random.Next(16) != 0)
            {
                Operation(random, distance);
                continue;
            }

            _region.BeginInstruction(distance);
            _region.Emit(IrOpcode.Branch, a: Slot(random), b: Value(random), c: away, detail: (byte)random.Next(6));
        }

        Compute(distance, IrOpcode.Sub, Counter, Counter, 1);
        IrOperand wants = _region.NewTemp();
        _region.BeginInstruction(distance + 4);
        _region.Emit(IrOpcode.Set, d: wants, a: IrOperand.Slot(Counter), b: IrOperand.Slot(Wanted), detail: (byte)IrCondition.Equal);
        _region.Emit(IrOpcode.Shl, d: IrOperand.Slot(_attention), a: wants, b: _region.Constant(63));
        _region.BeginInstruction(distance + 8);
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(Counter), b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        _region.Emit(IrOpcode.Label, c: away);
        _region.BeginInstruction(distance + 12);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(distance + 16));
    }

    private void Operation(Random random, int distance)
    {
        _region.BeginInstruction(distance);
        IrOpcode code = Operations[random.Next(Operations.Length)];
        IrType type = code is IrOpcode.Select ? IrType.I64 : (IrType)random.Next((int)IrType.S32 + 1);
        IrOperand b = code == IrOpcode.Mov ? IrOperand.None : Value(random), c = code == IrOpcode.Select ? Slot(random) : IrOperand.None;
        if (random.Next(8) == 0)
        {
            IrOperand temp = _region.NewTemp();
            _region.Emit(code, type, temp, Slot(random), b, c);
            _region.Emit(IrOpcode.Xor, d: Slot(random), a: temp, b: Slot(random));
            return;
        }

        _region.Emit(code, type, Slot(random), Slot(random), b, c);
    }

    private void Compute(int distance, IrOpcode code, int d, int a, long b)
    {
        _region.BeginInstruction(distance);
        _region.Emit(code, d: IrOperand.Slot(d), a: IrOperand.Slot(a), b: _region.Constant(b));
    }

    private static IrOperand Slot(Random random) => IrOperand.Slot(Slots[random.Next(Slots.Length)]);

    private IrOperand Value(Random random) => random.Next(3) == 0 ? _region.Constant(random.NextInt64()) : Slot(random);

    private sealed record Outcome(IrExit Exit, ulong[] Slots);
}
