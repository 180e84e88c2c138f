using System.Text;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.RiscV.Float;
using Doppel.Tests.Unit.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Whole regions of random operations, compiled and interpreted.</summary>
public sealed class X64RandomRegionTests
{
    private const int Seeds = 400;

    private readonly RegionPlan _plan = new();
    private readonly FlatMemory _memory;
    private readonly FlatMemory _expectedMemory;
    private readonly SoftFloat _float = new();

    public X64RandomRegionTests()
    {
        _memory = new FlatMemory(_plan.MemoryStart, _plan.MemorySize);
        _expectedMemory = new FlatMemory(_plan.MemoryStart, _plan.MemorySize);
    }

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Integer_region_does_what_the_interpreter_does(X64Features features) =>
        Compare(features, _plan with { Allows = code => code is < IrOpcode.FAdd or > IrOpcode.FToInt });

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Region_with_floating_point_does_what_the_interpreter_does(X64Features features) =>
        Compare(features, _plan with { Allows = code => X64Backend.Supports(features, code) });

    private void Compare(X64Features features, RegionPlan plan)
    {
        using var machine = new CodeMachine(_memory, features, singleProcessor: (features & X64Features.Bmi2) == 0);
        var region = new IrRegion();
        var passes = new PassPipeline(plan.PcSlot);
        for (int seed = 0; seed < Seeds; seed++)
        {
            region.Reset();
            new RandomRegion(seed, plan).Fill(region);

            // Passes leave operations that no front end makes.
            if (seed % 2 == 0) passes.Run(region);
            nint code = machine.Compile(region);
            for (int run = 0; run < 3; run++)
            {
                string expected = Interpret(region, plan, seed + run);
                string actual = Execute(machine, code, plan, seed + run);
                if (expected == actual && _memory.Bytes.AsSpan().SequenceEqual(_expectedMemory.Bytes)) continue;
                Assert.Equal(expected, actual);
                Assert.Equal(_expectedMemory.Bytes, _memory.Bytes);
            }
        }
    }

    private string Interpret(IrRegion region, RegionPlan plan, int seed)
    {
        var slots = new ulong[TestFrontEnd.Count];
        var random = new Random(seed);
        Prepare(random, plan, slots, _expectedMemory);
        _float.Rounding = (RoundingMode)random.Next(4);
        _float.Flags = default;
        SetSteps(random, plan, _expectedMemory, number => ref slots[number]);
        IrExit exit = new IrInterpreter(_expectedMemory, _float).Run(region, slots, 1_000_000);
        return Story(plan, exit, slots, _expectedMemory, _float.Flags);
    }

    private string Execute(CodeMachine machine, nint code, RegionPlan plan, int seed)
    {
        var random = new Random(seed);
        Prepare(random, plan, machine.State.AsSpan(), _memory);
        machine.State.At(TestFrontEnd.Reservation) = ulong.MaxValue;
        machine.FloatControl = FloatControl.Of((RoundingMode)random.Next(4), default);
        if (seed % 3 == 0) machine.FlushTlbs();
        machine.FillsTlbs = seed % 2 == 0;
        SetSteps(random, plan, _memory, number => ref machine.State.At(number));
        IrExit exit = machine.Run(code);
        return Story(plan, exit, machine.State.AsSpan(), _memory, FloatControl.FlagsOf(machine.FloatControl));
    }

    private static void Prepare(Random random, RegionPlan plan, Span<ulong> slots, FlatMemory memory)
    {
        slots.Clear();
        RandomValues.Fill(random, plan, slots);
        random.NextBytes(memory.Bytes);
        memory.Reservation = ulong.MaxValue;
        memory.Events.Clear();
    }

    private delegate ref ulong SlotAccess(int number);

    /// <summary>Instructions that are stepped see all slots and may change any.</summary>
    private static void SetSteps(Random random, RegionPlan plan, FlatMemory memory, SlotAccess slot)
    {
        int steps = random.Next(2) == 0 ? int.MaxValue : random.Next(6);
        memory.OnStep = _ =>
        {
            memory.Events.Add(string.Join(' ', plan.Integers.Concat(plan.Floats).Select(number => $"{slot(number):x}")));
            slot(plan.Integers[random.Next(plan.Integers.Count)]) = (ulong)RandomValues.Integer(random);
            slot(plan.Floats[random.Next(plan.Floats.Count)]) = RandomValues.Float(random);
            return steps-- > 0;
        };
    }

    private static string Story(RegionPlan plan, IrExit exit, ReadOnlySpan<ulong> slots, FlatMemory memory, FloatFlags flags)
    {
        // Where an indirect jump stands nobody asks.
        var story = new StringBuilder(exit.Kind == IrExitKind.GotoIndirect ? $"to {exit.Address:x}, flags {flags}" : $"{exit}, flags {flags}");
        foreach (int slot in plan.Integers.Concat(plan.Counters).Concat(plan.Floats)) story.Append($"\n${slot} {slots[slot]:x}");
        return story.Append('\n').AppendJoin('\n', memory.Events).ToString();
    }
}
