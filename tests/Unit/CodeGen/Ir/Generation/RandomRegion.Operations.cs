using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.Ir.Generation;

internal sealed partial class RandomRegion
{
    private static readonly IrOpcode[] Integers = [.. All(IrOpcode.Mov, IrOpcode.Select)];
    private static readonly IrOpcode[] Floats = [.. All(IrOpcode.FAdd, IrOpcode.FToInt)];
    private static readonly IrOpcode[] Atomics = [.. All(IrOpcode.LoadReserved, IrOpcode.AtomicMaxU)];
    private static readonly byte[] IntegerKinds = [(byte)IrType.I64, (byte)IrType.S32, (byte)IrType.U32, IrOp.Unsigned64];

    private static IEnumerable<IrOpcode> All(IrOpcode first, IrOpcode last) => Enumerable.Range((int)first, last - first + 1).Select(i => (IrOpcode)i);

    /// <summary>One guest instruction of any kind that goes on.</summary>
    private void Instruction()
    {
        if (plan.Hostile && Chance(16))
        {
            Rare();
            return;
        }

        Guest();
        switch (_random.Next(16))
        {
            case 0 when Allows(IrOpcode.Step):
                _region.Emit(IrOpcode.Step, a: _region.Constant(_distance));
                _boxed.Clear();
                break;
            case 1 when plan.Floats.Count > 0 && Chance(2):
                Flags();
                break;
            case 1 when Allows(IrOpcode.SelectContext) && Chance(2):
                if (Chance(2)) Compute(2);
                IrOperand any = Integer(), number = Temp(floats: false);
                _region.Emit(IrOpcode.And, d: number, a: any, b: _region.Constant(long.MaxValue));
                _region.Emit(IrOpcode.SelectContext, a: number);
                if (Chance(2)) Compute(1);
                break;
            case 1 when Allows(IrOpcode.Fence):
                _region.Emit(IrOpcode.Fence);
                break;
            case 2:
                Atomic();
                break;
            case 3 or 4 or 5:
                Access();
                break;
            case 6:
                Sums();
                break;
            case 7:
                if (Chance(2)) Narrow();
                else Index();
                break;
            case 8 or 9 or 10 or 11 when plan.Floats.Count > 0:
                Float();
                break;
            default:
                Compute(_random.Next(1, 4));
                break;
        }
    }

    private void Rare()
    {
        switch (_random.Next(4))
        {
            case 0 when Allows(IrOpcode.RequirePage):
                Guest();
                _region.Emit(IrOpcode.RequirePage, a: _region.Constant(4096 * _random.Next(3)), b: _region.Constant(_random.Next(RegionPlan.CodePages)));
                Compute(1);
                break;
            case 1 when Allows(IrOpcode.ZeroBlock):
                IrOperand address = IrOperand.Slot(Pick(plan.Integers));
                Guest();
                if (Chance(2)) Address(address, align: 64);
                Guest();
                _region.Emit(IrOpcode.ZeroBlock, a: address);
                break;
            default:
                Several();
                break;
        }
    }

    /// <summary>Accesses through one slot, most of them near each other and near a page's edge.</summary>
    private void Several()
    {
        IrOperand address = IrOperand.Slot(Pick(plan.Integers));
        if (!Chance(4))
        {
            Guest();
            long page = (long)plan.MemoryStart + (4096L * _random.Next((plan.MemorySize / 4096) + 1));
            _region.Emit(IrOpcode.Mov, d: address, a: _region.Constant(page + _random.Next(-64, 65)));
        }

        int first = Chance(2) ? _random.Next(-64, 65) : RandomValues.HostileDisplacement(_random);
        int reach = Chance(2) ? 64 : 1100;
        for (int count = _random.Next(2, 6); count > 0; count--)
        {
            Guest();
            IrOperand displacement = _region.Constant(Chance(8) ? RandomValues.HostileDisplacement(_random) : unchecked(first + _random.Next(-reach, reach)));
            var type = (IrType)_random.Next(7);
            if (Chance(2)) _region.Emit(IrOpcode.Load, type, IrOperand.Slot(Pick(plan.Integers)), address, c: displacement);
            else _region.Emit(IrOpcode.Store, type, a: address, b: Integer(), c: displacement);
        }
    }

    private void Compute(int count)
    {
        while (count-- > 0)
        {
            IrOpcode code = Pick(Integers);
            if (!Allows(code)) continue;
            ref readonly IrSignature signature = ref IrSignature.Of(code);
            IrOperand c = signature.C switch
            {
                IrRule.Scale => _region.Constant(_random.Next(4)),
                IrRule.Integer => Integer(),
                IrRule.Any => AnyValue(),
                _ => IrOperand.None,
            };
            IrOperand a = signature.A == IrRule.Any ? AnyValue() : Integer();
            IrOperand b = signature.B == IrRule.Nothing ? IrOperand.None : signature.B == IrRule.Any ? AnyValue() : Integer();
            IrOperand d = signature.D == IrRule.Any && plan.Floats.Count > 0 && Chance(4) ? Result(floats: true) : Result(floats: false);
            _region.Emit(code, Type(signature), d, a, b, c, signature.Detail == IrDetailRule.Condition ? (byte)_random.Next(6) : (byte)0);
            _boxed.Remove(d);
        }
    }

    private void Flags()
    {
        bool reads = Chance(2);
        if (!Allows(reads ? IrOpcode.FReadFlags : IrOpcode.FWriteFlags)) return;
        if (reads) _region.Emit(IrOpcode.FReadFlags, d: Result(floats: false));
        else _region.Emit(IrOpcode.FWriteFlags, a: Integer());
    }

    /// <summary>A pair of shifts, as guests without better instructions extend numbers.</summary>
    private void Narrow()
    {
        IrOperand d = IrOperand.Slot(Pick(plan.Integers));
        IrOperand a = Chance(2) ? d : IrOperand.Slot(Pick(plan.Integers));
        IrOperand count = _region.Constant(Pick<int>([16, 24, 32, 48, 56]));
        IrType type = Chance(2) ? IrType.I64 : IrType.S32;
        _region.Emit(IrOpcode.Shl, type, d, a, count);
        Between(a, d);
        _region.Emit(Chance(2) ? IrOpcode.Shr : IrOpcode.Sar, type, Chance(2) ? d : Result(floats: false), d, count);
    }

    /// <summary>A constant is added and then another one, as guests make addresses.</summary>
    private void Sums()
    {
        IrOperand d = IrOperand.Slot(Pick(plan.Integers));
        IrOperand a = IrOperand.Slot(Chance(3) ? plan.PcSlot : Pick(plan.Integers));
        _region.Emit(IrOpcode.Add, d: d, a: a, b: _region.Constant(_random.Next(-4096, 4096)));
        Between(a, d);
        _region.Emit(Chance(4) ? IrOpcode.Sub : IrOpcode.Add, d: Chance(4) ? Result(floats: false) : d, a: d, b: _region.Constant(_random.Next(-4096, 4096)));
    }

    /// <summary>An index is scaled, extended before that perhaps, and added to an address.</summary>
    private void Index()
    {
        IrOperand d = IrOperand.Slot(Pick(plan.Integers));
        IrOperand a = Chance(2) ? d : IrOperand.Slot(Pick(plan.Integers));
        int scale = _random.Next(1, 5);
        bool extends = Chance(2);
        _region.Emit(IrOpcode.Shl, d: d, a: a, b: _region.Constant(extends ? 32 : scale));
        Between(a, d);
        if (extends) _region.Emit(IrOpcode.Shr, d: d, a: d, b: _region.Constant(32 - scale));
        if (extends) Between(a, d);
        IrOperand other = IrOperand.Slot(Pick(plan.Integers));
        bool first = Chance(2);
        _region.Emit(IrOpcode.Add, d: Chance(4) ? Result(floats: false) : d, a: first ? d : other, b: first ? other : d);
    }

    /// <summary>What may stand between two operations that belong together: something that overwrites the first one's operand, sees its result, or leaves.</summary>
    private void Between(IrOperand operand, IrOperand result)
    {
        if (Chance(2)) Guest();
        switch (_random.Next(8))
        {
            case 0 when operand != IrOperand.Slot(plan.PcSlot):
                _region.Emit(IrOpcode.Xor, d: operand, a: operand, b: Integer());
                break;
            case 1:
                IrOperand other = Integer();
                _region.Emit(IrOpcode.Add, d: Result(floats: false), a: result, b: other);
                break;
            case 2:
                Access();
                break;
            case 3:
                Compute(1);
                break;
        }

        if (Chance(2)) Guest();
    }

    private void Access()
    {
        bool loads = Allows(IrOpcode.Load) && Chance(2);
        if (!loads && !Allows(IrOpcode.Store)) return;
        IrType type = (IrType)_random.Next(plan.Floats.Count > 0 ? 9 : 7);
        bool floats = type >= IrType.F64;
        IrOperand address = Chance(plan.Hostile ? 2 : 16) ? Integer() : Address(null, align: 1);
        bool far = plan.Hostile && Chance(2);
        IrOperand displacement = _region.Constant(far ? RandomValues.HostileDisplacement(_random) : Chance(8) ? _random.Next(-4096, 4096) : 0);
        if (loads)
        {
            IrOperand d = Result(floats);
            _region.Emit(IrOpcode.Load, type, d, address, c: displacement);
            SetBoxed(d, type == IrType.F32);
        }
        else
        {
            _region.Emit(IrOpcode.Store, type, a: address, b: floats ? FloatValue(IrType.F64) : Integer(), c: displacement);
        }
    }

    private void Atomic()
    {
        IrOpcode code = Pick(Atomics);
        if (!Allows(code)) return;
        IrType type = Chance(2) ? IrType.I64 : IrType.S32;
        IrOperand address = IrOperand.Slot(Pick(plan.Integers));
        if (!plan.Hostile || Chance(2)) Address(address, align: Chance(8) ? 1 : IrInteger.Size(type));
        Guest();
        IrOperand d = Chance(8) ? IrOperand.None : IrOperand.Slot(Pick(plan.Integers));
        IrOperand value = Chance(4) ? _region.Constant(RandomValues.Integer(_random)) : IrOperand.Slot(Pick(plan.Integers));
        _region.Emit(code, type, d, address, code == IrOpcode.LoadReserved ? IrOperand.None : value);

        // A store-conditional that may succeed.
        if (code != IrOpcode.LoadReserved || d == address || !Allows(IrOpcode.StoreConditional) || Chance(4)) return;
        Guest();
        _region.Emit(IrOpcode.StoreConditional, type, IrOperand.Slot(Pick(plan.Integers)), address, value);
    }

    /// <summary>Puts an address in RAM into a slot or a temporary.</summary>
    private IrOperand Address(IrOperand? slot, int align)
    {
        IrOperand a = Integer();
        IrOperand d = slot ?? Temp(floats: false);
        _region.Emit(IrOpcode.And, d: d, a: a, b: _region.Constant((plan.MemorySize - 1) & -align));
        _region.Emit(IrOpcode.Add, d: d, a: d, b: _region.Constant((long)plan.MemoryStart));
        return d;
    }

    private void Float()
    {
        IrOpcode code = Pick(Floats);
        if (!Allows(code)) return;
        ref readonly IrSignature signature = ref IrSignature.Of(code);
        IrType type = Type(signature);
        IrType operandType = code == IrOpcode.FConvert ? (type == IrType.F32 ? IrType.F64 : IrType.F32) : type;
        IrOperand a = signature.A == IrRule.Integer ? Integer() : code is IrOpcode.FUnbox or IrOpcode.FBox ? AnyFloat() : FloatValue(operandType);
        if (code == IrOpcode.FBox && Chance(2)) a = Integer();
        IrOperand b = signature.B == IrRule.Nothing ? IrOperand.None : FloatValue(operandType);
        IrOperand c = signature.C == IrRule.Nothing ? IrOperand.None : FloatValue(operandType);
        IrOperand d = Result(floats: signature.D == IrRule.Float);
        byte detail = signature.Detail == IrDetailRule.Integer ? Pick(IntegerKinds) : (byte)0;
        _region.Emit(code, type, d, a, b, c, detail);
        if (signature.D != IrRule.Float) return;
        SetBoxed(d, type == IrType.F32);
        if (code is (>= IrOpcode.FAdd and <= IrOpcode.FNegMulSub) or IrOpcode.FConvert) _region.Emit(IrOpcode.FCanon, type, d, d);
    }

    private IrType Type(in IrSignature signature)
    {
        while (true)
        {
            var type = (IrType)_random.Next(9);
            if (signature.Allows(type)) return type;
        }
    }

    /// <summary>A value that may be read as an integer.</summary>
    private IrOperand Integer() => _random.Next(8) switch
    {
        0 or 1 => _region.Constant(RandomValues.Integer(_random)),
        2 or 3 when _integerTemps.Count > 0 => Pick(_integerTemps),
        4 when Chance(4) => IrOperand.Slot(plan.PcSlot),
        _ => IrOperand.Slot(Pick(_integers)),
    };

    private IrOperand AnyValue() => plan.Floats.Count > 0 && Chance(4) ? AnyFloat() : Integer();

    private IrOperand AnyFloat() => _floatTemps.Count > 0 && Chance(3) ? Pick(_floatTemps) : IrOperand.Slot(Pick(plan.Floats));

    /// <summary>A value of a floating-point type, unboxed if need be.</summary>
    private IrOperand FloatValue(IrType type)
    {
        IrOperand value = AnyFloat();
        if (type == IrType.F64 || _boxed.Contains(value)) return value;
        IrOperand unboxed = Temp(floats: true);
        _region.Emit(IrOpcode.FUnbox, IrType.F32, unboxed, value);
        _boxed.Add(unboxed);
        return unboxed;
    }

    private IrOperand Result(bool floats) => Chance(4) ? Temp(floats) : IrOperand.Slot(Pick(floats ? plan.Floats : _integers));

    /// <summary>A temporary that is written by the next operation.</summary>
    private IrOperand Temp(bool floats)
    {
        List<IrOperand> temps = floats ? _floatTemps : _integerTemps;
        if (temps.Count > 2) return Pick(temps);
        IrOperand temp = _region.NewTemp();
        temps.Add(temp);
        return temp;
    }

    private void SetBoxed(IrOperand operand, bool boxed)
    {
        if (boxed) _boxed.Add(operand);
        else _boxed.Remove(operand);
    }
}
