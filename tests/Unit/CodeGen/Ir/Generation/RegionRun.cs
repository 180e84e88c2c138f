using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.CodeGen.Ir.Generation;

/// <summary>One run of a region from a state that a seed makes, and all that can be seen of it.</summary>
internal sealed class RegionRun
{
    private const int SlotCount = 256;
    private const int Limit = 1_000_000;
    private readonly FlatMemory _memory;
    private readonly SoftFloat _float;
    private readonly int _pcSlot;

    /// <param name="seed">Makes the state, and decides when accesses fault, instructions that are stepped leave, and attention is wanted.</param>
    public RegionRun(IrRegion region, RegionPlan plan, int seed)
    {
        _pcSlot = plan.PcSlot;
        var random = new Random(seed);
        RandomValues.Fill(random, plan, Slots);
        _float = new SoftFloat { Rounding = (RoundingMode)random.Next(4) };
        _memory = new FlatMemory(plan.MemoryStart, plan.MemorySize)
        {
            GoodAccesses = random.Next(2) == 0 ? long.MaxValue : random.Next(20),
            CalmChecks = random.Next(2) == 0 ? long.MaxValue : random.Next(6),
        };
        random.NextBytes(_memory.Bytes);
        int steps = random.Next(2) == 0 ? int.MaxValue : random.Next(6);
        _memory.OnStep = distance =>
        {
            // The interpreter sees all slots and may change any.
            _memory.Events.Add(SlotsAsText());
            if (plan.StepsChangeSlots)
            {
                Slots[plan.Integers[random.Next(plan.Integers.Count)]] = (ulong)RandomValues.Integer(random);
                if (plan.Floats.Count > 0) Slots[plan.Floats[random.Next(plan.Floats.Count)]] = RandomValues.Float(random);
            }
            else
            {
                foreach (int slot in plan.Floats) Slots[slot] = IrInteger.Extend(IrType.F32, Slots[slot]);
            }

            return steps-- > 0;
        };
        var interpreter = new IrInterpreter(_memory, _float);
        Exit = interpreter.Run(region, Slots, Limit);
        Executed = interpreter.Executed;
    }

    public ulong[] Slots { get; } = new ulong[SlotCount];

    public IrExit Exit { get; }

    public long Executed { get; }

    /// <summary>How it ended, the flags, and what happened on the way.</summary>
    public string Story => $"{ExitAsText}, flags {_float.Flags}\n{string.Join('\n', _memory.Events)}\n{SlotsAsText()}";

    /// <summary>The first thing that is not alike in another run, or null.</summary>
    public string? Difference(RegionRun other)
    {
        string[] mine = Story.Split('\n');
        string[] theirs = other.Story.Split('\n');
        for (int i = 0; i < Math.Max(mine.Length, theirs.Length); i++)
        {
            if (mine.ElementAtOrDefault(i) != theirs.ElementAtOrDefault(i)) return $"'{mine.ElementAtOrDefault(i)}' and '{theirs.ElementAtOrDefault(i)}'";
        }

        int address = _memory.Bytes.CommonPrefixLength(other._memory.Bytes);
        return address < _memory.Bytes.Length ? $"memory at 0x{_memory.Start + (ulong)address:x}" : null;
    }

    /// <summary>Both ways to go somewhere are one.</summary>
    private string ExitAsText => Exit.Kind switch
    {
        IrExitKind.Goto => $"goes to 0x{Slots[_pcSlot] + (ulong)Exit.Distance:x}",
        IrExitKind.GotoIndirect => $"goes to 0x{Exit.Address:x}",
        _ => Exit.ToString(),
    };

    private string SlotsAsText() => string.Join('\n', Slots.Select((value, slot) => (value, slot)).Where(s => s.value != 0).Select(s => $"${s.slot} 0x{s.value:x}"));
}
