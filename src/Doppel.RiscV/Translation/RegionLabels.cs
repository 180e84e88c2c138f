using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>The labels of a region's places, and what branches need that is not hot, which goes behind all else: the ways out of the region, and stepped instructions.</summary>
internal sealed class RegionLabels
{
    private readonly int[] _numbers = new int[RegionWalk.PageSize / 2];
    private readonly ushort[] _offsets = new ushort[2 * RegionWalk.Limit + 2];

    // By halfword of the page: a branch leads back there.
    private readonly bool[] _backward = new bool[RegionWalk.PageSize / 2];
    private readonly (IrOperand Label, long Distance)[] _outside = new (IrOperand, long)[RegionWalk.Limit];
    private readonly (IrOperand Label, int Distance, int Length, int Ahead)[] _steps = new (IrOperand, int, int, int)[RegionWalk.Limit];
    private IrRegion _region = new();
    private readonly (IrOperand Label, Instruction Instruction, int Distance)[] _changes = new (IrOperand, Instruction, int)[RegionWalk.Limit];
    private int _count, _outsideCount, _stepCount;

    /// <summary>How many labels <see cref="ForChange"/> has given.</summary>
    public int Changes { get; private set; }

    public void Begin(IrRegion region)
    {
        _region = region;
        foreach (ushort offset in _offsets.AsSpan(0, _count))
        {
            _numbers[offset >> 1] = 0;
            _backward[offset >> 1] = false;
        }

        _count = _outsideCount = _stepCount = Changes = 0;
    }

    /// <summary>The label of an offset in the page.</summary>
    public IrOperand At(int offset)
    {
        ref int number = ref _numbers[offset >> 1];
        if (number != 0) return IrOperand.Label(number - 1);
        _offsets[_count++] = (ushort)offset;
        IrOperand label = _region.NewLabel();
        number = label.Number + 1;
        return label;
    }

    /// <summary>The label of a distance from the page, in it or not, for a branch at another distance.</summary>
    public IrOperand ForBranch(long distance, int from)
    {
        if ((ulong)distance < RegionWalk.PageSize)
        {
            _backward[distance >> 1] |= distance <= from;
            return At((int)distance);
        }

        IrOperand label = _region.NewLabel();
        _outside[_outsideCount++] = (label, distance);
        return label;
    }

    /// <summary>A label where the interpreter executes the instruction after all, instead of what its translation has not done yet.</summary>
    /// <param name="ahead">Instructions behind it that are counted already; -1 if the region does not count.</param>
    public IrOperand ForStep(int distance, int length, int ahead)
    {
        if (_stepCount > 0 && _steps[_stepCount - 1].Distance == distance) return _steps[_stepCount - 1].Label;
        IrOperand label = _region.NewLabel();
        _steps[_stepCount++] = (label, distance, length, ahead);
        return label;
    }

    /// <summary>A label where a change of sstatus is done that is more than a change of bits.</summary>
    public IrOperand ForChange(in Instruction instruction, int distance)
    {
        IrOperand label = _region.NewLabel();
        _changes[Changes++] = (label, instruction, distance);
        return label;
    }

    public (IrOperand Label, Instruction Instruction, int Distance) Change(int number) => _changes[number];

    /// <summary>As <see cref="ForStep"/>, for an instruction that ends its block; not in regions that count.</summary>
    public IrOperand ForStepLast(int distance) => ForStep(distance, length: 0, ahead: -1);

    /// <summary>Ends the region with the places that branches want and that are not in it.</summary>
    public void EmitExits(RegionWalk walk, IrRegion region)
    {
        foreach (ushort offset in _offsets.AsSpan(0, _count))
        {
            if (walk.Contains(offset)) continue;
            region.Emit(IrOpcode.Label, c: At(offset));
            Goto(region, offset, _backward[offset >> 1]);
        }

        foreach ((IrOperand label, long distance) in _outside.AsSpan(0, _outsideCount))
        {
            region.Emit(IrOpcode.Label, c: label);
            Goto(region, distance, isBackward: false);
        }

        foreach ((IrOperand label, int distance, int length, int ahead) in _steps.AsSpan(0, _stepCount))
        {
            region.Emit(IrOpcode.Label, c: label);
            if (ahead >= 0) region.Emit(IrOpcode.Uncount, a: region.Constant(ahead));
            region.BeginInstruction(distance);
            region.Emit(length == 0 ? IrOpcode.StepLast : IrOpcode.Step, a: region.Constant(distance));
            if (length != 0) region.Emit(IrOpcode.Goto, a: region.Constant(distance + length));
        }
    }

    /// <summary>
    /// The way to another region. Within the page it may lead into the middle of one, where nobody looks for attention: so that no loop is without a look, the way back has one.
    /// </summary>
    public static void Goto(IrRegion region, long distance, bool isBackward)
    {
        if (isBackward) region.Emit(IrOpcode.CheckAttention, a: region.Constant(distance));
        region.Emit(IrOpcode.Goto, a: region.Constant(distance));
    }
}
