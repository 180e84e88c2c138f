using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.Ir.Generation;

/// <summary>
/// Makes well-formed regions from a seed: all operations with all kinds of operands, branches forward and loops that end. Results that hosts do not agree on (the
/// payloads of NaNs) are never seen, as <see cref="IrOpcode.FCanon"/> follows.
/// </summary>
internal sealed partial class RandomRegion(int seed, RegionPlan plan)
{
    private readonly Random _random = new(seed);
    private readonly List<IrOperand> _integerTemps = [];
    private readonly List<IrOperand> _floatTemps = [];

    // Slots and temporaries that hold a boxed single for sure.
    private readonly HashSet<IrOperand> _boxed = [];
    // Slots that are computed with.
    private IReadOnlyList<int> _integers = plan.Integers;
    private IrRegion _region = new();
    private int _distance;
    private int _counters;

    /// <summary>Appends the operations to a region that has none.</summary>
    public void Fill(IrRegion region)
    {
        _region = region;
        _distance = 2 * _random.Next(64);
        _counters = 0;
        if (Chance(2)) CheckAttention();
        Body(plan.Length);
        Leave();
    }

    /// <summary>Guest instructions in a row, with branches to places further on among them and loops.</summary>
    private void Body(int length)
    {
        var pending = new List<IrOperand>();
        while (length > 0)
        {
            length--;
            switch (_random.Next(24))
            {
                case 0 when _counters < plan.Counters.Count && length > 4:
                    int part = _random.Next(2, length);
                    Loop(part);
                    length -= part;
                    break;
                case 1:
                    Guest();
                    IrOperand label = _region.NewLabel();
                    pending.Add(label);
                    Branch(label);
                    break;
                case 2:
                    // Leaves in the middle.
                    Guest();
                    IrOperand over = _region.NewLabel();
                    Branch(over);
                    Leave();
                    Place(over);
                    break;
                case 3 when pending.Count > 0:
                    label = pending[_random.Next(pending.Count)];
                    pending.Remove(label);
                    if (Chance(3)) _region.Emit(IrOpcode.Jump, c: label);
                    else if (Chance(4) && Allows(IrOpcode.JumpUnlessAttention)) _region.Emit(IrOpcode.JumpUnlessAttention, c: label);
                    Place(label);
                    break;
                case 4 when Allows(IrOpcode.CheckAttention):
                    CheckAttention();
                    break;
                default:
                    Instruction();
                    break;
            }
        }

        foreach (IrOperand label in pending) Place(label);
    }

    private void Loop(int length)
    {
        IrOperand counter = IrOperand.Slot(plan.Counters[_counters++]);
        Guest();
        _region.Emit(IrOpcode.Mov, d: counter, a: _region.Constant(_random.Next(1, 4)));
        IrOperand head = _region.NewLabel();
        Place(head);
        if (Chance(2)) CheckAttention();
        if (Chance(2)) Turn(length);
        else Body(length);
        Guest();
        _region.Emit(IrOpcode.Sub, d: counter, a: counter, b: _region.Constant(1));
        if (Chance(2)) Guest();
        _region.Emit(IrOpcode.Branch, a: counter, b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        _counters--;
    }

    /// <summary>Mostly sums and the like, of and in few slots, so that much of what a turn leaves is overwritten in the next one before it is seen.</summary>
    private void Turn(int length)
    {
        _integers = [.. plan.Integers.Skip(_random.Next(plan.Integers.Count)).Take(6)];
        for (; length > 0; length--)
        {
            if (Chance(24))
            {
                Instruction();
                continue;
            }

            Guest();
            Compute(Chance(4) ? 2 : 1);
        }

        _integers = plan.Integers;
    }

    private void Guest()
    {
        _distance = (_distance + (Chance(2) ? 2 : 4)) & 0xfff;
        _region.BeginInstruction(_distance);
        ForgetTemps();
    }

    private void Place(IrOperand label)
    {
        _region.Emit(IrOpcode.Label, c: label);
        ForgetTemps();
        _boxed.Clear();
    }

    private void ForgetTemps()
    {
        _integerTemps.Clear();
        _floatTemps.Clear();
        _boxed.RemoveWhere(operand => operand.IsTemp);
    }

    private void Branch(IrOperand label) =>
        _region.Emit(IrOpcode.Branch, a: Integer(), b: Integer(), c: label, detail: (byte)_random.Next(6));

    private void CheckAttention()
    {
        if (Allows(IrOpcode.CheckAttention)) _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(_distance));

        // What is counted need not be right: nobody here comes to the end of a budget.
        if (Allows(IrOpcode.Count) && Chance(3)) _region.Emit(IrOpcode.Count, a: _region.Constant(_random.Next(1, 300)), b: _region.Constant(_distance));
        if (Allows(IrOpcode.Uncount) && Chance(8)) _region.Emit(IrOpcode.Uncount, a: _region.Constant(_random.Next(300)));
    }

    private void Leave()
    {
        Guest();
        long far = 2 * _random.NextInt64(-(1L << 20), 1L << 20);
        switch (_random.Next(4))
        {
            case 0 when Allows(IrOpcode.StepLast):
                _region.Emit(IrOpcode.StepLast, a: _region.Constant(_distance));
                break;
            case 1 when Allows(IrOpcode.GotoIndirect):
                if (Chance(2)) Compute(2);
                IrOperand a = Chance(2) ? IrOperand.Slot(plan.PcSlot) : Integer();
                IrOperand b = Integer();
                IrOperand target = Temp(floats: false);
                _region.Emit(IrOpcode.Add, d: target, a: a, b: b);
                _region.Emit(IrOpcode.And, d: target, a: target, b: _region.Constant(-2));
                _region.Emit(IrOpcode.GotoIndirect, a: target);
                break;
            default:
                _region.Emit(IrOpcode.Goto, a: _region.Constant(Chance(2) ? _random.Next(2048) * 2 : far));
                break;
        }
    }

    private bool Allows(IrOpcode code) => plan.Allows(code);

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];
}
