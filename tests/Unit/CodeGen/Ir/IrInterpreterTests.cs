using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.CodeGen.Ir;

public sealed class IrInterpreterTests
{
    private const ulong Start = 0x1000;
    private readonly FlatMemory _memory = new(Start, 0x100);
    private readonly SoftFloat _float = new();
    private readonly IrRegion _region = new();
    private readonly ulong[] _slots = new ulong[64];

    [Theory]
    [InlineData(IrOpcode.Add, IrType.S32, 0x7fff_ffff, 1, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.Add, IrType.U32, 0xffff_ffff, 1, 0)]
    [InlineData(IrOpcode.Sub, IrType.U32, 0, 1, 0xffff_ffff)]
    [InlineData(IrOpcode.Mul, IrType.S32, 0x1_0000_0003, 0x8000_0000, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.MulHighS, IrType.I64, ulong.MaxValue, ulong.MaxValue, 0)]
    [InlineData(IrOpcode.MulHighU, IrType.I64, ulong.MaxValue, ulong.MaxValue, 0xffff_ffff_ffff_fffe)]
    [InlineData(IrOpcode.MulHighSU, IrType.I64, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue)]
    [InlineData(IrOpcode.MulHighSU, IrType.I64, 5, ulong.MaxValue, 4)]
    [InlineData(IrOpcode.MulCarryless, IrType.I64, 7, 5, 0x1b)]
    [InlineData(IrOpcode.MulCarryless, IrType.I64, ulong.MaxValue, ulong.MaxValue, 0x5555_5555_5555_5555)]
    [InlineData(IrOpcode.MulCarrylessHigh, IrType.I64, ulong.MaxValue, ulong.MaxValue, 0x5555_5555_5555_5555)]
    [InlineData(IrOpcode.MulCarrylessHigh, IrType.I64, 0x8000_0000_0000_0000, 6, 3)]
    [InlineData(IrOpcode.MulCarrylessHigh, IrType.I64, 6, 0x8000_0000_0000_0000, 3)]
    [InlineData(IrOpcode.DivS, IrType.I64, 0x8000_0000_0000_0000, ulong.MaxValue, 0x8000_0000_0000_0000)]
    [InlineData(IrOpcode.DivS, IrType.I64, 0xffff_ffff_ffff_fff9, 2, 0xffff_ffff_ffff_fffd)]
    [InlineData(IrOpcode.DivS, IrType.S32, 0x8000_0000, 0xffff_ffff, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.DivS, IrType.S32, 7, 0, ulong.MaxValue)]
    [InlineData(IrOpcode.DivU, IrType.S32, 7, 0, ulong.MaxValue)]
    [InlineData(IrOpcode.DivU, IrType.U32, 7, 0x1_0000_0000, 0xffff_ffff)]
    [InlineData(IrOpcode.RemS, IrType.I64, 0x8000_0000_0000_0000, ulong.MaxValue, 0)]
    [InlineData(IrOpcode.RemS, IrType.S32, 0xffff_fff9, 2, ulong.MaxValue)]
    [InlineData(IrOpcode.RemS, IrType.S32, 0x8000_0000, 0, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.RemU, IrType.I64, 9, 0, 9)]
    [InlineData(IrOpcode.AndNot, IrType.I64, 0xff, 0x0f, 0xf0)]
    [InlineData(IrOpcode.OrNot, IrType.I64, 1, ulong.MaxValue - 2, 3)]
    [InlineData(IrOpcode.XorNot, IrType.I64, 1, 1, ulong.MaxValue)]
    [InlineData(IrOpcode.Shl, IrType.S32, 1, 63, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.Shr, IrType.S32, 0xffff_ffff_8000_0000, 31, 1)]
    [InlineData(IrOpcode.Sar, IrType.U32, 0x8000_0000, 4, 0xf800_0000)]
    [InlineData(IrOpcode.Rol, IrType.S32, 0x8000_0001, 1, 3)]
    [InlineData(IrOpcode.Ror, IrType.I64, 1, 65, 0x8000_0000_0000_0000)]
    [InlineData(IrOpcode.MinS, IrType.I64, ulong.MaxValue, 1, ulong.MaxValue)]
    [InlineData(IrOpcode.MaxU, IrType.I64, ulong.MaxValue, 1, ulong.MaxValue)]
    [InlineData(IrOpcode.Clz, IrType.U32, 0xff_0000_0000, 0, 32)]
    [InlineData(IrOpcode.Ctz, IrType.I64, 0, 0, 64)]
    [InlineData(IrOpcode.Popcount, IrType.U32, ulong.MaxValue, 0, 32)]
    [InlineData(IrOpcode.ByteSwap, IrType.I64, 0x0102030405060708, 0, 0x0807060504030201)]
    [InlineData(IrOpcode.BitSet, IrType.I64, 0, 127, 0x8000_0000_0000_0000)]
    [InlineData(IrOpcode.BitClear, IrType.I64, 3, 64, 2)]
    [InlineData(IrOpcode.BitFlip, IrType.I64, 3, 2, 7)]
    [InlineData(IrOpcode.BitTest, IrType.I64, 4, 66, 1)]
    [InlineData(IrOpcode.Mov, IrType.S8, 0x180, 0, 0xffff_ffff_ffff_ff80)]
    [InlineData(IrOpcode.Mov, IrType.U16, 0x1_8000, 0, 0x8000)]
    public void Integer_operation_has_its_result(IrOpcode code, IrType type, ulong a, ulong b, ulong expected)
    {
        (_slots[1], _slots[2]) = (a, b);
        bool one = code is IrOpcode.Mov or IrOpcode.Clz or IrOpcode.Ctz or IrOpcode.Popcount or IrOpcode.ByteSwap;
        Assert.Equal(expected, Result(code, type, IrOperand.Slot(1), one ? IrOperand.None : IrOperand.Slot(2)));
    }

    [Fact]
    public void ShlAdd_of_a_narrow_type_extends_before_it_shifts()
    {
        (_slots[1], _slots[2]) = (0xffff_ffff_ffff_ffff, 2);
        Assert.Equal(0x7_ffff_fffaUL, Result(IrOpcode.ShlAdd, IrType.U32, IrOperand.Slot(1), IrOperand.Slot(2), _region.Constant(3)));
    }

    [Fact]
    public void Loop_runs_until_its_branch_fails()
    {
        _slots[1] = 10;
        IrOperand head = _region.NewLabel();
        _region.Emit(IrOpcode.Label, c: head);
        Guest(0);
        _region.Emit(IrOpcode.Add, d: IrOperand.Slot(2), a: IrOperand.Slot(2), b: IrOperand.Slot(1));
        Guest(4);
        _region.Emit(IrOpcode.Sub, d: IrOperand.Slot(1), a: IrOperand.Slot(1), b: _region.Constant(1));
        Guest(8);
        _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(1), b: _region.Constant(0), c: head, detail: (byte)IrCondition.NotEqual);
        Assert.Equal(new IrExit(IrExitKind.Goto, 12), End(12));
        Assert.Equal(55UL, _slots[2]);
    }

    [Fact]
    public void Load_that_faults_leaves_and_changes_nothing()
    {
        _slots[1] = Start + 0xf9;
        Guest(20);
        _region.Emit(IrOpcode.Load, IrType.I64, IrOperand.Slot(1), IrOperand.Slot(1), c: _region.Constant(0));
        Assert.Equal(new IrExit(IrExitKind.Trap, 20), End(24));
        Assert.Equal(Start + 0xf9, _slots[1]);
        Assert.Equal(["load of 8 at 0x10f9 faults at 20"], _memory.Events);
    }

    [Fact]
    public void Store_and_load_extend_by_their_type()
    {
        (_slots[1], _slots[2]) = (Start, 0x1234_5678_89ab_cdef);
        Guest(0);
        _region.Emit(IrOpcode.Store, IrType.U16, a: IrOperand.Slot(1), b: IrOperand.Slot(2), c: _region.Constant(7));
        _region.Emit(IrOpcode.Load, IrType.S16, IrOperand.Slot(3), IrOperand.Slot(1), c: _region.Constant(7));
        _region.Emit(IrOpcode.Load, IrType.F32, IrOperand.Slot(4), IrOperand.Slot(1), c: _region.Constant(6));
        End(4);
        Assert.Equal(0xffff_ffff_ffff_cdefUL, _slots[3]);
        Assert.Equal(0xffff_ffff_00cd_ef00UL, _slots[4]);
    }

    [Fact]
    public void StoreConditional_stores_once()
    {
        (_slots[1], _slots[2]) = (Start + 8, 7);
        _memory.Write(Start + 8, 4, 0x8000_0000);
        Guest(0);
        _region.Emit(IrOpcode.LoadReserved, IrType.S32, IrOperand.Slot(3), IrOperand.Slot(1));
        Guest(4);
        _region.Emit(IrOpcode.StoreConditional, IrType.S32, IrOperand.Slot(4), IrOperand.Slot(1), IrOperand.Slot(2));
        Guest(8);
        _region.Emit(IrOpcode.StoreConditional, IrType.S32, IrOperand.Slot(5), IrOperand.Slot(1), IrOperand.Slot(1));
        Guest(12);
        _region.Emit(IrOpcode.AtomicMaxU, IrType.S32, IrOperand.Slot(6), IrOperand.Slot(1), _region.Constant(-1));
        End(16);
        Assert.Equal([0xffff_ffff_8000_0000UL, 0, 1, 7], _slots[3..7]);
        Assert.Equal(0xffff_ffffUL, _memory.Read(Start + 8, 4));
    }

    [Fact]
    public void Step_that_does_not_go_on_leaves()
    {
        _memory.OnStep = distance => distance == 0;
        Guest(0);
        _region.Emit(IrOpcode.Step, a: _region.Constant(0));
        Guest(4);
        _region.Emit(IrOpcode.Step, a: _region.Constant(4));
        Assert.Equal(new IrExit(IrExitKind.Step, 4), End(8));
    }

    [Fact]
    public void CheckAttention_leaves_when_attention_is_wanted()
    {
        _memory.CalmChecks = 1;
        _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(0));
        _region.Emit(IrOpcode.CheckAttention, a: _region.Constant(0x40));
        Assert.Equal(new IrExit(IrExitKind.Attention, 0x40), End(8));
    }

    [Fact]
    public void SelectContext_tells_the_number_and_goes_on()
    {
        _slots[1] = 0x40;
        Guest(0);
        _region.Emit(IrOpcode.SelectContext, a: IrOperand.Slot(1));
        Assert.Equal(new IrExit(IrExitKind.Goto, 8), End(8));
        Assert.Equal(["context 40"], _memory.Events);
    }

    [Fact]
    public void GotoIndirect_gives_its_address()
    {
        _slots[1] = 0x8000_0001;
        Guest(4);
        IrOperand t = _region.NewTemp();
        _region.Emit(IrOpcode.And, d: t, a: IrOperand.Slot(1), b: _region.Constant(-2));
        _region.Emit(IrOpcode.GotoIndirect, a: t);
        Assert.Equal(new IrExit(IrExitKind.GotoIndirect, 4, 0x8000_0000), new IrInterpreter(_memory, _float).Run(_region, _slots));
    }

    [Fact]
    public void Endless_loop_ends_at_the_limit()
    {
        IrOperand label = _region.NewLabel();
        _region.Emit(IrOpcode.Label, c: label);
        _region.Emit(IrOpcode.Jump, c: label);
        Assert.Equal(IrExitKind.Limit, new IrInterpreter(_memory, _float).Run(_region, _slots, 1000).Kind);
    }

    [Fact]
    public void Temporary_of_an_earlier_guest_instruction_is_refused()
    {
        Guest(0);
        IrOperand t = _region.NewTemp();
        _region.Emit(IrOpcode.Mov, d: t, a: IrOperand.Slot(1));
        Guest(4);
        _region.Emit(IrOpcode.Mov, d: IrOperand.Slot(2), a: t);
        Assert.StartsWith("op 1: t0", Assert.Throws<InvalidOperationException>(() => End(8)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(IrOpcode.FSub, IrType.F64, 0x3ff0_0000_0000_0000, 0x3c90_0000_0000_0000, 0x3fef_ffff_ffff_ffff, FloatFlags.Inexact)]
    [InlineData(IrOpcode.FDiv, IrType.F32, 0xffff_ffff_3f80_0000, 0xffff_ffff_0000_0000, 0xffff_ffff_7f80_0000, FloatFlags.DivideByZero)]
    [InlineData(IrOpcode.FMin, IrType.F64, 0x8000_0000_0000_0000, 0, 0x8000_0000_0000_0000, FloatFlags.None)]
    [InlineData(IrOpcode.FMax, IrType.F32, 0xffff_ffff_7f80_0001, 0xffff_ffff_7fc0_0001, 0xffff_ffff_7fc0_0000, FloatFlags.Invalid)]
    [InlineData(IrOpcode.FSignNot, IrType.F32, 0xffff_ffff_3f80_0000, 0xffff_ffff_0000_0000, 0xffff_ffff_bf80_0000, FloatFlags.None)]
    [InlineData(IrOpcode.FSignXor, IrType.F64, 0xbff0_0000_0000_0000, 0x8000_0000_0000_0000, 0x3ff0_0000_0000_0000, FloatFlags.None)]
    [InlineData(IrOpcode.FEqual, IrType.F64, 0x7ff8_0000_0000_0000, 0, 0, FloatFlags.None)]
    [InlineData(IrOpcode.FLess, IrType.F64, 0x7ff8_0000_0000_0000, 0, 0, FloatFlags.Invalid)]
    public void Float_operation_has_its_result_and_flags(IrOpcode code, IrType type, ulong a, ulong b, ulong expected, object flags)
    {
        _float.Rounding = RoundingMode.Rtz;
        (_slots[1], _slots[2]) = (a, b);
        Assert.Equal(expected, Result(code, type, IrOperand.Slot(1), IrOperand.Slot(2)));
        Assert.Equal((FloatFlags)flags, _float.Flags);
    }

    [Theory]
    [InlineData(IrOpcode.FUnbox, IrType.F32, 0x0000_0000_3f80_0000, 0xffff_ffff_7fc0_0000)]
    [InlineData(IrOpcode.FUnbox, IrType.F32, 0xffff_ffff_3f80_0000, 0xffff_ffff_3f80_0000)]
    [InlineData(IrOpcode.FBox, IrType.F32, 0x1234_5678_3f80_0000, 0xffff_ffff_3f80_0000)]
    [InlineData(IrOpcode.FCanon, IrType.F32, 0xffff_ffff_ffff_ffff, 0xffff_ffff_7fc0_0000)]
    [InlineData(IrOpcode.FCanon, IrType.F64, 0xfff0_0000_0000_0000, 0xfff0_0000_0000_0000)]
    [InlineData(IrOpcode.FCanon, IrType.F64, 0xfff0_0000_0000_0001, 0x7ff8_0000_0000_0000)]
    [InlineData(IrOpcode.FConvert, IrType.F64, 0xffff_ffff_3f80_0000, 0x3ff0_0000_0000_0000)]
    [InlineData(IrOpcode.FConvert, IrType.F32, 0x3ff0_0000_0000_0000, 0xffff_ffff_3f80_0000)]
    public void Float_operation_on_one_operand_has_its_result(IrOpcode code, IrType type, ulong a, ulong expected)
    {
        _slots[1] = a;
        Assert.Equal(expected, Result(code, type, IrOperand.Slot(1), IrOperand.None));
    }

    [Theory]
    [InlineData(IrOpcode.FFromInt, IrType.F64, (byte)IrType.S32, 0x1_ffff_ffff, 0xbff0_0000_0000_0000)]
    [InlineData(IrOpcode.FFromInt, IrType.F64, (byte)IrType.U32, ulong.MaxValue, 0x41ef_ffff_ffe0_0000)]
    [InlineData(IrOpcode.FFromInt, IrType.F32, IrOp.Unsigned64, ulong.MaxValue, 0xffff_ffff_5f80_0000)]
    [InlineData(IrOpcode.FFromInt, IrType.F32, (byte)IrType.I64, ulong.MaxValue, 0xffff_ffff_bf80_0000)]
    [InlineData(IrOpcode.FToIntZero, IrType.F64, (byte)IrType.U32, 0x41ef_ffff_ffe0_0000, 0xffff_ffff)]
    [InlineData(IrOpcode.FToIntZero, IrType.F64, (byte)IrType.S32, 0xc1e0_0000_0000_0000, 0xffff_ffff_8000_0000)]
    [InlineData(IrOpcode.FToInt, IrType.F64, (byte)IrType.I64, 0x7ff8_0000_0000_0000, 0x7fff_ffff_ffff_ffff)]
    [InlineData(IrOpcode.FToInt, IrType.F64, IrOp.Unsigned64, 0x7ff8_0000_0000_0000, ulong.MaxValue)]
    [InlineData(IrOpcode.FToInt, IrType.F64, (byte)IrType.I64, 0x3ff8_0000_0000_0000, 2)]
    [InlineData(IrOpcode.FToIntZero, IrType.F64, (byte)IrType.I64, 0x3ff8_0000_0000_0000, 1)]
    public void Conversion_knows_its_integer(IrOpcode code, IrType type, byte integer, ulong a, ulong expected)
    {
        _slots[1] = a;
        Assert.Equal(expected, Result(code, type, IrOperand.Slot(1), IrOperand.None, detail: integer));
    }

    [Fact]
    public void Fused_operations_differ_in_their_signs()
    {
        (_slots[1], _slots[2], _slots[3]) = (Bits(3), Bits(5), Bits(7));
        Assert.Equal([22, 8, -8, -22], new[] { IrOpcode.FMulAdd, IrOpcode.FMulSub, IrOpcode.FNegMulAdd, IrOpcode.FNegMulSub }
            .Select(code => BitConverter.UInt64BitsToDouble(Result(code, IrType.F64, IrOperand.Slot(1), IrOperand.Slot(2), IrOperand.Slot(3)))));
    }

    [Fact]
    public void Single_that_is_not_boxed_is_refused()
    {
        _slots[1] = 0x3f80_0000;
        Assert.Throws<InvalidOperationException>(() => Result(IrOpcode.FSqrt, IrType.F32, IrOperand.Slot(1), IrOperand.None));
    }

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private ulong Result(IrOpcode code, IrType type, IrOperand a, IrOperand b, IrOperand c = default, byte detail = 0)
    {
        Guest(0);
        _region.Emit(code, type, IrOperand.Slot(63), a, b, c, detail);
        Assert.Equal(new IrExit(IrExitKind.Goto, 4), End(4));
        _region.Reset();
        return _slots[63];
    }

    private void Guest(int distance) => _region.BeginInstruction(distance);

    private IrExit End(long distance)
    {
        _region.Emit(IrOpcode.Goto, a: _region.Constant(distance));
        return new IrInterpreter(_memory, _float).Run(_region, _slots);
    }
}
