namespace Doppel.CodeGen.Ir;

/// <summary>
/// Finds what is wrong with a region: whatever passes and backends rely on. A front end that makes only well-formed regions needs no check at run time; tests check all.
/// </summary>
/// <param name="isFloatSlot">Which slots hold floating-point numbers; null if that is not to be checked.</param>
public sealed class IrVerifier(Func<int, bool>? isFloatSlot = null, int slots = 256)
{
    private readonly IrPrinter _printer = new();
    private readonly List<string> _problems = [];
    private IrRegion _region = new();
    private int[] _labelAt = [];
    private bool[] _labelUsed = [];

    // The last guest instruction, by its number in the region, in which a temporary was written, and as what.
    private int[] _writtenIn = [];
    private IrRule[] _writtenAs = [];
    private int _instruction, _position;
    private bool _inGuest;

    /// <summary>Since it has begun: what needs to be alone, and how many operations there are.</summary>
    private bool _hasAlone, _hasOther;

    /// <summary>All that is wrong, in the order of the operations; empty for a well-formed region. Valid until the next call.</summary>
    public IReadOnlyList<string> Verify(IrRegion region)
    {
        _region = region;
        _problems.Clear();
        _labelAt = new int[region.Labels];
        _labelAt.AsSpan().Fill(-1);
        _labelUsed = new bool[region.Labels];
        _writtenIn = new int[region.Temps];
        _writtenAs = new IrRule[region.Temps];
        _instruction = 1;
        _inGuest = _hasAlone = _hasOther = false;
        ReadOnlySpan<IrOp> ops = region.Ops;
        ReadOnlySpan<GuestStart> starts = region.Starts;
        for (_position = 0; _position < ops.Length; _position++)
        {
            for (; starts.Length > 0 && starts[0].First == _position; starts = starts[1..]) Begin(isGuest: true);
            Verify(ops[_position]);
        }

        if (starts.Length > 1 || (starts.Length == 1 && starts[0].First != ops.Length)) _problems.Add("guest instructions do not begin in the order of the operations");
        for (int label = 0; label < region.Labels; label++)
        {
            if (_labelUsed[label] && _labelAt[label] < 0) _problems.Add($"label @{label} is a target and nowhere");
        }

        if (ops.Length == 0) _problems.Add("the region is empty");
        else if (IrSignature.IsKnown(ops[^1].Code) && !IrSignature.Of(ops[^1].Code).Has(IrEffects.Ends)) _problems.Add("the last operation does not end its block");
        return _problems;
    }

    private void Verify(in IrOp op)
    {
        if (!IrSignature.IsKnown(op.Code))
        {
            Report(op, "no such operation");
            return;
        }

        ref readonly IrSignature signature = ref IrSignature.Of(op.Code);
        if (!signature.Allows(op.Type)) Report(op, $"{IrNames.Of(op.Code)} does not come in {IrNames.Of(op.Type)}");
        VerifyDetail(op, signature);
        VerifyRead(op, "a", signature.A, op.A);
        VerifyRead(op, "b", signature.B, op.B);
        VerifyRead(op, "c", signature.C, op.C);
        VerifyPlace(op, signature);
        VerifyResult(op, signature.D);
    }

    private void VerifyDetail(in IrOp op, in IrSignature signature)
    {
        bool fits = signature.Detail switch
        {
            IrDetailRule.Condition => op.Condition <= IrCondition.GreaterOrEqualUnsigned,
            IrDetailRule.Integer => op.Detail is (byte)IrType.I64 or (byte)IrType.U32 or (byte)IrType.S32 or IrOp.Unsigned64,
            _ => op.Detail == 0,
        };
        if (!fits) Report(op, $"detail {op.Detail} says nothing here");
    }

    /// <summary>A guest instruction, or a label.</summary>
    private void Begin(bool isGuest)
    {
        _instruction++;
        _inGuest = isGuest;
        _hasAlone = _hasOther = false;
    }

    /// <summary>Labels, and what must stand behind the beginning of a guest instruction.</summary>
    private void VerifyPlace(in IrOp op, in IrSignature signature)
    {
        switch (op.Code)
        {
            case IrOpcode.Label:
                Begin(isGuest: false);
                if (op.C.Kind != IrOperandKind.Label || (uint)op.C.Number >= (uint)_labelAt.Length) return;
                if (_labelAt[op.C.Number] >= 0) Report(op, $"the label is at op {_labelAt[op.C.Number]} already");
                _labelAt[op.C.Number] = _position;
                return;
            case IrOpcode.Jump or IrOpcode.Branch or IrOpcode.JumpUnlessAttention when op.C.Kind == IrOperandKind.Label && (uint)op.C.Number < (uint)_labelUsed.Length:
                _labelUsed[op.C.Number] = true;
                break;
        }

        if (signature.Has(IrEffects.NeedsGuest) && !_inGuest) Report(op, "no guest instruction has begun since the last label");

        // Control flow and fences may be repeated, so that they do not count.
        if (signature.Has(IrEffects.Alone))
        {
            if (_hasAlone || _hasOther) Report(op, "must be the only operation of its guest instruction");
            _hasAlone = true;
            foreach (IrOperand operand in (ReadOnlySpan<IrOperand>)[op.D, op.A, op.B])
            {
                if (operand.IsTemp) Report(op, "works on slots and constants only");
            }
        }
        else if (op.Code is not (IrOpcode.Fence or IrOpcode.Jump or IrOpcode.JumpUnlessAttention or IrOpcode.Goto or IrOpcode.CheckAttention or IrOpcode.Count or IrOpcode.Uncount))
        {
            if (_hasAlone) Report(op, "stands in the guest instruction of an operation that must be alone");
            _hasOther = true;
        }
    }

    private void VerifyRead(in IrOp op, string name, IrRule rule, IrOperand operand)
    {
        bool fits = operand.Kind switch
        {
            IrOperandKind.None => rule == IrRule.Nothing,
            IrOperandKind.Label => rule == IrRule.Label && (uint)operand.Number < (uint)_region.Labels,
            IrOperandKind.Small or IrOperandKind.Pooled => FitsConstant(rule, op.Type, operand),
            IrOperandKind.Slot => IsValue(rule) && FitsSlot(Resolve(rule, op.Type), operand.Number),
            IrOperandKind.Temp => IsValue(rule) && (uint)operand.Number < (uint)_region.Temps,
            _ => false,
        };
        if (!fits)
        {
            Report(op, $"{name} must be {Describe(rule)}");
        }
        else if (operand.IsTemp)
        {
            if (_writtenIn[operand.Number] != _instruction) Report(op, $"%{operand.Number} was not written in this guest instruction");
            else if (!Agree(_writtenAs[operand.Number], Resolve(rule, op.Type))) Report(op, $"%{operand.Number} was written as {Describe(_writtenAs[operand.Number])}");
        }
    }

    private void VerifyResult(in IrOp op, IrRule rule)
    {
        rule = Resolve(rule, op.Type);
        bool atomic = op.Code is >= IrOpcode.LoadReserved and <= IrOpcode.AtomicMaxU;
        bool fits = op.D.Kind switch
        {
            IrOperandKind.None => rule == IrRule.Nothing || atomic,
            IrOperandKind.Slot => IsValue(rule) && FitsSlot(rule, op.D.Number),
            IrOperandKind.Temp => IsValue(rule) && (uint)op.D.Number < (uint)_region.Temps,
            _ => false,
        };
        if (!fits)
        {
            Report(op, rule == IrRule.Nothing ? "there is no result" : $"the result must go to a temporary or a slot, as {Describe(rule)}");
        }
        else if (op.D.IsTemp)
        {
            _writtenIn[op.D.Number] = _instruction;
            _writtenAs[op.D.Number] = rule;
        }
    }

    private bool FitsConstant(IrRule rule, IrType type, IrOperand operand)
    {
        long value = _region.ValueOf(operand);
        return rule switch
        {
            IrRule.Integer or IrRule.Any or IrRule.Constant => true,
            IrRule.ByType => type < IrType.F64,
            IrRule.Scale => value is >= 0 and <= 3,
            IrRule.Displacement => value == (int)value,
            _ => false,
        };
    }

    private bool FitsSlot(IrRule rule, int slot) => (uint)slot < (uint)slots && (isFloatSlot is null || rule == IrRule.Any || isFloatSlot(slot) == (rule == IrRule.Float));

    private static bool IsValue(IrRule rule) => rule is IrRule.Integer or IrRule.Float or IrRule.Any or IrRule.ByType;

    private static IrRule Resolve(IrRule rule, IrType type) => rule != IrRule.ByType ? rule : type >= IrType.F64 ? IrRule.Float : IrRule.Integer;

    private static bool Agree(IrRule written, IrRule read) => written == read || written == IrRule.Any || read == IrRule.Any;

    private static string Describe(IrRule rule) => rule switch
    {
        IrRule.Nothing => "absent",
        IrRule.Integer => "an integer",
        IrRule.Float => "a floating-point number",
        IrRule.Any or IrRule.ByType => "a value of the type",
        IrRule.Constant => "a constant",
        IrRule.Scale => "a constant from 0 to 3",
        IrRule.Displacement => "a constant of 32 bits",
        _ => "one of the region's labels",
    };

    private void Report(in IrOp op, string problem) => _problems.Add($"op {_position} ({_printer.Print(_region, op)}): {problem}");
}
