namespace Doppel.CodeGen.Ir.Interpretation;

/// <summary>
/// Executes regions operation by operation: the oracle of every backend. Not fast, and strict: a temporary that is read before it was written in its guest instruction,
/// or an <see cref="IrType.F32"/> operand that is not boxed, is the front end's mistake and an exception.
/// </summary>
public sealed class IrInterpreter(IIrMemory memory, IIrFloat arithmetic)
{
    private const ulong Boxes = 0xffff_ffff_0000_0000;
    private const ulong Sign32 = 1UL << 31;
    private const ulong Sign64 = 1UL << 63;
    private const ulong CanonicalNaN32 = 0x7fc0_0000;
    private const ulong CanonicalNaN64 = 0x7ff8_0000_0000_0000;

    private ulong[] _temps = [];

    // A temporary is valid if this is the number of the current guest instruction.
    private long[] _written = [];
    private int[] _labels = [];

    // By operation: the distance of the guest instruction that begins with it, if one does.
    private int?[] _starts = [];
    private long _instruction;
    private long _distance;
    private int _position;

    /// <summary>Operations executed so far by all runs.</summary>
    public long Executed { get; private set; }

    /// <summary>Runs a region from its first operation until it is left.</summary>
    /// <param name="slots">The CPU state; the interpreter changes the slots that operations name, and no other.</param>
    /// <param name="limit">How many operations may be executed.</param>
    /// <exception cref="InvalidOperationException">The region is malformed; the message has the operation's number.</exception>
    public IrExit Run(IrRegion region, Span<ulong> slots, long limit = long.MaxValue)
    {
        Prepare(region);
        ReadOnlySpan<IrOp> ops = region.Ops;
        for (_position = 0; limit-- > 0; _position++)
        {
            if ((uint)_position >= (uint)ops.Length) throw Malformed("the region has no end");
            Executed++;
            if (_starts[_position] is { } distance)
            {
                _instruction++;
                _distance = distance;
            }

            ref readonly IrOp op = ref ops[_position];
            switch (op.Code)
            {
                case IrOpcode.Label:
                    _instruction++;
                    break;
                case IrOpcode.Fence:
                    break;
                case IrOpcode.Jump:
                    _position = Target(op.C);
                    break;
                case IrOpcode.Branch:
                    if (IrInteger.Holds(op.Condition, Read(region, slots, op.A), Read(region, slots, op.B))) _position = Target(op.C);
                    break;
                case IrOpcode.JumpUnlessAttention:
                    if (!memory.WantsAttention()) _position = Target(op.C);
                    break;
                case IrOpcode.Goto:
                    return new IrExit(IrExitKind.Goto, region.ValueOf(op.A));
                case IrOpcode.GotoIndirect:
                    return new IrExit(IrExitKind.GotoIndirect, _distance, Read(region, slots, op.A));
                case IrOpcode.FReadFlags:
                    Write(slots, op.D, arithmetic.Exceptions);
                    break;
                case IrOpcode.FWriteFlags:
                    arithmetic.Exceptions = Read(region, slots, op.A) & 0x1f;
                    break;
                case IrOpcode.CheckAttention:
                    if (memory.WantsAttention(region.ValueOf(op.A))) return new IrExit(IrExitKind.Attention, region.ValueOf(op.A));
                    break;
                case IrOpcode.Count:
                    if (!memory.TryCount(region.ValueOf(op.A))) return new IrExit(IrExitKind.Attention, region.ValueOf(op.B));
                    break;
                case IrOpcode.Uncount:
                    memory.Uncount(region.ValueOf(op.A));
                    break;
                case IrOpcode.SelectContext:
                    memory.SelectContext(Read(region, slots, op.A));
                    break;
                case IrOpcode.Step:
                case IrOpcode.StepLast:
                    if (!memory.Step(region.ValueOf(op.A)) || op.Code == IrOpcode.StepLast) return new IrExit(IrExitKind.Step, region.ValueOf(op.A));
                    break;
                case IrOpcode.RequirePage:
                    if (!memory.IsPresent(region.ValueOf(op.A), region.ValueOf(op.B)))
                    {
                        memory.Step(_distance);
                        return new IrExit(IrExitKind.Step, _distance);
                    }

                    break;
                case IrOpcode.ZeroBlock:
                    if (!memory.TryZeroBlock(Read(region, slots, op.A), _distance)) return new IrExit(IrExitKind.Trap, _distance);
                    break;
                case >= IrOpcode.Load and <= IrOpcode.AtomicMaxU:
                    if (!Access(region, slots, op)) return new IrExit(IrExitKind.Trap, _distance);
                    break;
                case < IrOpcode.Load:
                    Write(slots, op.D, IrInteger.Evaluate(op.Code, op.Type, op.Detail, Read(region, slots, op.A), Read(region, slots, op.B), Read(region, slots, op.C)));
                    break;
                default:
                    Write(slots, op.D, Float(region, slots, op));
                    break;
            }
        }

        return new IrExit(IrExitKind.Limit, _distance);
    }

    private void Prepare(IrRegion region)
    {
        if (_temps.Length < region.Temps)
        {
            _temps = new ulong[region.Temps];
            _written = new long[region.Temps];
        }

        if (_labels.Length < region.Labels) _labels = new int[region.Labels];
        _labels.AsSpan().Fill(-1);
        ReadOnlySpan<IrOp> ops = region.Ops;
        for (int i = 0; i < ops.Length; i++)
        {
            if (ops[i].Code == IrOpcode.Label) _labels[ops[i].C.Number] = i;
        }

        if (_starts.Length <= ops.Length) _starts = new int?[2 * ops.Length + 1];
        Array.Clear(_starts);
        foreach (GuestStart start in region.Starts) _starts[start.First] = start.Distance;

        // The numbers of guest instructions go on from run to run, so that nothing that an earlier region wrote is valid.
        _instruction++;
        _distance = 0;
    }

    private bool Access(IrRegion region, Span<ulong> slots, in IrOp op)
    {
        int size = IrInteger.Size(op.Type);
        ulong address = Read(region, slots, op.A);
        ulong value;
        switch (op.Code)
        {
            case IrOpcode.Load:
                if (!memory.TryLoad(address + Read(region, slots, op.C), size, _distance, out value)) return false;
                break;
            case IrOpcode.Store:
                return memory.TryStore(address + Read(region, slots, op.C), size, Read(region, slots, op.B), _distance);
            default:
                if (!memory.TryAtomic(op.Code, address, size, Read(region, slots, op.B), _distance, out value)) return false;
                break;
        }

        if (!op.D.IsNone) Write(slots, op.D, IrInteger.Extend(op.Type, value));
        return true;
    }

    private ulong Float(IrRegion region, Span<ulong> slots, in IrOp op)
    {
        ulong a = Read(region, slots, op.A);
        ulong b = Read(region, slots, op.B);
        ulong c = Read(region, slots, op.C);
        bool narrow = op.Type == IrType.F32;
        ulong sign = narrow ? Sign32 : Sign64;
        switch (op.Code)
        {
            case IrOpcode.FUnbox: return a >= Boxes ? a : Boxes | CanonicalNaN32;
            case IrOpcode.FBox: return a | Boxes;
            case IrOpcode.FFromInt:
                a = op.Detail == IrOp.Unsigned64 ? a : IrInteger.Extend((IrType)op.Detail, a);
                return Box(narrow, arithmetic.Compute(op.Code, op.Type, op.Detail, a, 0, 0));
            case IrOpcode.FConvert:
                // The operand has the other type.
                return Box(narrow, arithmetic.Compute(op.Code, op.Type, 0, Raw(!narrow, a), 0, 0));
        }

        a = Raw(narrow, a);
        b = op.B.IsNone ? 0 : Raw(narrow, b);
        c = op.C.IsNone ? 0 : Raw(narrow, c);
        switch (op.Code)
        {
            case IrOpcode.FSignCopy: return Box(narrow, (a & ~sign) | (b & sign));
            case IrOpcode.FSignNot: return Box(narrow, (a & ~sign) | (~b & sign));
            case IrOpcode.FSignXor: return Box(narrow, a ^ (b & sign));
            case IrOpcode.FCanon when narrow: return Box(narrow, (a & ~Sign32) > 0x7f80_0000 ? CanonicalNaN32 : a);
            case IrOpcode.FCanon: return (a & ~Sign64) > 0x7ff0_0000_0000_0000 ? CanonicalNaN64 : a;
        }

        ulong result = arithmetic.Compute(op.Code, op.Type, op.Detail, a, b, c);
        return op.Code switch
        {
            IrOpcode.FEqual or IrOpcode.FLess or IrOpcode.FLessOrEqual => result & 1,
            >= IrOpcode.FToIntZero and <= IrOpcode.FToInt => op.Detail == IrOp.Unsigned64 ? result : IrInteger.Extend((IrType)op.Detail, result),
            _ => Box(narrow, result),
        };
    }

    private ulong Raw(bool narrow, ulong value)
    {
        if (!narrow) return value;
        return value >= Boxes ? (uint)value : throw Malformed($"an operand is 0x{value:x16}, no boxed number");
    }

    private static ulong Box(bool narrow, ulong raw) => narrow ? raw | Boxes : raw;

    private ulong Read(IrRegion region, Span<ulong> slots, IrOperand operand)
    {
        switch (operand.Kind)
        {
            case IrOperandKind.Slot: return slots[operand.Number];
            case IrOperandKind.Small or IrOperandKind.Pooled: return (ulong)region.ValueOf(operand);
            case IrOperandKind.Temp when _written[operand.Number] != _instruction: throw Malformed($"t{operand.Number} was not written in this guest instruction");
            case IrOperandKind.Temp: return _temps[operand.Number];
            case IrOperandKind.None: return 0;
            default: throw Malformed("a label is no value");
        }
    }

    private void Write(Span<ulong> slots, IrOperand operand, ulong value)
    {
        switch (operand.Kind)
        {
            case IrOperandKind.Slot:
                slots[operand.Number] = value;
                break;
            case IrOperandKind.Temp:
                _temps[operand.Number] = value;
                _written[operand.Number] = _instruction;
                break;
            default:
                throw Malformed("the destination is no temporary and no slot");
        }
    }

    /// <summary>The position of a label's own operation: it does nothing, and the loop goes on behind it.</summary>
    private int Target(IrOperand label)
    {
        _instruction++;
        return _labels[label.Number] >= 0 ? _labels[label.Number] : throw Malformed($"label {label.Number} is nowhere");
    }

    private InvalidOperationException Malformed(string what) => new($"op {_position}: {what}");
}
