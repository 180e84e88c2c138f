using System.Text;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.X64;
using Doppel.Host.Memory;
using Doppel.RiscV.Float;
using Doppel.Tests.Unit.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.Ir.Generation;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Runs regions compiled and interpreted, from states that seeds make, and compares all that can be seen of both.</summary>
internal sealed class RegionTwin : IDisposable
{
    private const int Limit = 1_000_000;
    private readonly RegionPlan _plan;
    private readonly FlatMemory _memory;
    private readonly FlatMemory _expectedMemory;
    private readonly SoftFloat _float = new();
    private readonly CodeMachine _machine;
    private readonly ulong[] _slots = new ulong[TestFrontEnd.Count];
    private readonly ulong[] _present = new ulong[RegionPlan.CodePages];
    private IrRegion _region = new();
    private nint _code;

    /// <param name="ram">The guest's RAM under generated code; without one, it is made.</param>
    public RegionTwin(RegionPlan plan, X64Features features, bool singleProcessor, HostMemory? ram = null)
    {
        _plan = plan;
        _memory = new FlatMemory(plan.MemoryStart, plan.MemorySize, ram);
        _expectedMemory = new FlatMemory(plan.MemoryStart, plan.MemorySize);
        _machine = new CodeMachine(_memory, features, singleProcessor);
    }

    private delegate ref ulong SlotAccess(int number);

    /// <summary>The region of the following runs.</summary>
    public void Compile(IrRegion region)
    {
        _region = region;
        _code = _machine.Compile(region);
    }

    /// <summary>What is not alike after a run, or null.</summary>
    public string? Difference(int seed)
    {
        IrExit expectedExit = Interpret(seed);
        if (expectedExit.Kind == IrExitKind.Limit) return null;
        IrExit exit = Execute(seed, expectedExit);
        if (_machine.Damage() is { } damage) return damage;
        string expected = Story(expectedExit, _slots, _expectedMemory, _float.Flags);
        string actual = Story(exit, _machine.State.AsSpan(), _memory, FloatControl.FlagsOf(_machine.FloatControl));
        if (expected != actual) return FirstDifference(expected, actual);
        int same = _memory.Bytes.CommonPrefixLength(_expectedMemory.Bytes);
        return same == _memory.Bytes.Length ? null : $"memory at 0x{_plan.MemoryStart + (ulong)same:x}: {_expectedMemory.Bytes[same]:x}, compiled {_memory.Bytes[same]:x}";
    }

    public void Dispose() => _machine.Dispose();

    private IrExit Interpret(int seed)
    {
        var random = new Random(seed);
        Prepare(random, _slots, _expectedMemory);
        _float.Rounding = (RoundingMode)random.Next(4);
        _float.Flags = default;
        SetSteps(random, _expectedMemory, number => ref _slots[number]);
        return new IrInterpreter(_expectedMemory, _float).Run(_region, _slots, Limit);
    }

    /// <param name="expected">How the interpreter ended: what it jumped to may be known to generated code.</param>
    private IrExit Execute(int seed, IrExit expected)
    {
        var random = new Random(seed);
        Span<ulong> slots = _machine.State.AsSpan();
        Prepare(random, slots, _memory);
        slots[TestFrontEnd.Reservation] = ulong.MaxValue;
        _machine.FloatControl = FloatControl.Of((RoundingMode)random.Next(4), default);
        if (seed % 3 == 0) _machine.FlushTlbs();
        _machine.FillsTlbs = seed % 2 == 0;
        SetSteps(random, _memory, number => ref _machine.State.At(number));
        if (_plan.Hostile) Connect(new Random(~seed), slots[_plan.PcSlot], expected);
        IrExit exit = _machine.Run(_code);
        if (!_machine.WentOn) return exit;

        // The code that it went on to leaves at once.
        ulong target = expected.Kind == IrExitKind.GotoIndirect ? expected.Address : _slots[_plan.PcSlot] + (ulong)expected.Distance;
        bool right = expected.Kind is IrExitKind.Goto or IrExitKind.GotoIndirect && slots[_plan.PcSlot] == (target & ~0xfffUL);
        if (right) slots[_plan.PcSlot] = _slots[_plan.PcSlot];
        return right ? expected : new IrExit(IrExitKind.Goto, 0, slots[_plan.PcSlot]);
    }

    /// <summary>Pages that are known or not, links and a jump cache that lead somewhere.</summary>
    private void Connect(Random random, ulong pc, IrExit expected)
    {
        uint fills = (uint)random.NextInt64(1L << 32);
        _machine.MayFill = (writes, page) => (fills >> (int)((page >> 12) & 15) >> (writes ? 16 : 0) & 1) != 0;
        for (int page = 0; page < _present.Length; page++) _machine.Present(page, _present[page]);
        for (int link = 0; link < _machine.Links.Count; link++)
        {
            if (random.Next(2) == 0) continue;
            ulong page = (pc + (ulong)_machine.Links[link].Distance) & ~0xfffUL;

            // Behind the pages that regions ask for.
            _machine.Connect(_code, link, RegionPlan.CodePages + (link % 64), random.Next(2) == 0 ? page : page ^ 0x1000);
        }

        if (expected.Kind == IrExitKind.GotoIndirect && random.Next(2) == 0) _machine.Cache(expected.Address);
    }

    private void Prepare(Random random, Span<ulong> slots, FlatMemory memory)
    {
        slots.Clear();
        RandomValues.Fill(random, _plan, slots);
        random.NextBytes(memory.Bytes);
        memory.Reservation = ulong.MaxValue;
        memory.Events.Clear();
        if (!_plan.Hostile) return;
        ulong pc = slots[_plan.PcSlot];
        for (int page = 0; page < _present.Length; page++) _present[page] = random.Next(3) == 0 ? ulong.MaxValue : pc + (4096 * (ulong)random.Next(3));

        // What a link looks at that leads nowhere yet.
        _present[0] = ulong.MaxValue;
        memory.OnPresent = (distance, page) => _present[page] == pc + (ulong)distance;
    }

    /// <summary>Instructions that are stepped see all slots and may change any.</summary>
    private void SetSteps(Random random, FlatMemory memory, SlotAccess slot)
    {
        int steps = random.Next(2) == 0 ? int.MaxValue : random.Next(6);
        memory.OnStep = _ =>
        {
            memory.Events.Add(string.Join(' ', _plan.Integers.Concat(_plan.Floats).Select(number => $"{slot(number):x}")));
            slot(_plan.Integers[random.Next(_plan.Integers.Count)]) = (ulong)RandomValues.Integer(random);
            slot(_plan.Floats[random.Next(_plan.Floats.Count)]) = RandomValues.Float(random);
            return steps-- > 0;
        };
    }

    private string Story(IrExit exit, ReadOnlySpan<ulong> slots, FlatMemory memory, FloatFlags flags)
    {
        // Where an indirect jump stands nobody asks.
        var story = new StringBuilder(exit.Kind == IrExitKind.GotoIndirect ? $"to {exit.Address:x}, flags {flags}" : $"{exit}, flags {flags}");
        foreach (int slot in _plan.Integers.Concat(_plan.Counters).Concat(_plan.Floats).Append(_plan.PcSlot)) story.Append($"\n${slot} {slots[slot]:x}");
        return story.Append('\n').AppendJoin('\n', memory.Events).ToString();
    }

    private static string FirstDifference(string expected, string actual)
    {
        string[] e = expected.Split('\n'), a = actual.Split('\n');
        int at = Enumerable.Range(0, Math.Max(e.Length, a.Length)).First(i => e.ElementAtOrDefault(i) != a.ElementAtOrDefault(i));
        return $"'{e.ElementAtOrDefault(at)}', compiled '{a.ElementAtOrDefault(at)}'";
    }
}
