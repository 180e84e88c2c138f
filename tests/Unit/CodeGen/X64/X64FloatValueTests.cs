using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.RiscV.Float;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Results and flags of floating-point operations for many values and all rounding modes, against soft float.</summary>
public sealed class X64FloatValueTests : IDisposable
{
    // Slots with registers of their own.
    private const int D = 42, A = 43, B = 44, C = 45, IntegerD = 10, IntegerA = 11;
    private const ulong Box = 0xffff_ffff_0000_0000;
    private static readonly RoundingMode[] Modes = [RoundingMode.Rne, RoundingMode.Rtz, RoundingMode.Rdn, RoundingMode.Rup];
    private static readonly byte[] Kinds = [(byte)IrType.S32, (byte)IrType.U32, (byte)IrType.I64, IrOp.Unsigned64];
    private CodeMachine _machine = NewMachine(X64Host.Features);
    private readonly SoftFloat _soft = new();
    private readonly Random _random = new(1);
    private nint _code;

    public static bool CanRun => (X64Host.Features & X64Features.Fma) != 0 && Doppel.Host.Memory.CodeMemory.IsSupported;

    public static TheoryData<IrType> Types => [IrType.F32, IrType.F64];

    /// <summary>Each type, also for a host without AVX-512 if this one has it.</summary>
    public static TheoryData<IrType, X64Features> TypesAndFeatures =>
        [.. from type in new[] { IrType.F32, IrType.F64 } from features in new[] { X64Host.Features, X64Host.Features & ~X64Features.Avx512 }.Distinct() select (type, features)];

    public void Dispose() => _machine?.Dispose();

    [Theory(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    [MemberData(nameof(Types))]
    public void Arithmetic_has_the_results_and_flags_of_soft_float(IrType type)
    {
        var values = new FloatValues(type, _random);
        ulong[] special = values.Special();
        foreach (IrOpcode code in new[] { IrOpcode.FAdd, IrOpcode.FSub, IrOpcode.FMul, IrOpcode.FDiv, IrOpcode.FMin, IrOpcode.FMax })
        {
            Compile(code, type);
            ForPairs(special, (a, b) => Check(code, type, 0, a, b, 0));
            ForRandom(() => Check(code, type, 0, values.Any(), values.Any(), 0));
        }

        Compile(IrOpcode.FSqrt, type);
        ForPairs(special, (a, _) => Check(IrOpcode.FSqrt, type, 0, a, 0, 0));
        ForRandom(() => Check(IrOpcode.FSqrt, type, 0, values.Any(), 0, 0));
    }

    [Theory(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    [MemberData(nameof(Types))]
    public void Fused_has_the_results_and_flags_of_soft_float(IrType type)
    {
        var values = new FloatValues(type, _random);
        ulong[] few = values.Few();
        for (IrOpcode code = IrOpcode.FMulAdd; code <= IrOpcode.FNegMulSub; code++)
        {
            Compile(code, type);
            foreach (RoundingMode mode in Modes)
            {
                SetMode(mode);
                foreach (ulong a in few)
                {
                    foreach (ulong b in few)
                    {
                        foreach (ulong c in few) Check(code, type, 0, a, b, c);
                    }
                }
            }

            ForRandom(() => Check(code, type, 0, values.Any(), values.Any(), values.Any()));
        }
    }

    [Theory(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    [MemberData(nameof(Types))]
    public void Comparison_has_the_results_and_flags_of_soft_float(IrType type)
    {
        var values = new FloatValues(type, _random);
        for (IrOpcode code = IrOpcode.FEqual; code <= IrOpcode.FLessOrEqual; code++)
        {
            Compile(code, type);
            ForPairs(values.Special(), (a, b) => Check(code, type, 0, a, b, 0));
        }
    }

    [Theory(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    [MemberData(nameof(TypesAndFeatures))]
    public void Conversion_has_the_results_and_flags_of_soft_float(IrType type, X64Features features)
    {
        _machine.Dispose();
        _machine = NewMachine(features);
        var values = new FloatValues(type, _random);
        var other = new FloatValues(type == IrType.F32 ? IrType.F64 : IrType.F32, _random);
        ulong[] special = values.Special();
        foreach (byte kind in Kinds)
        {
            for (IrOpcode code = IrOpcode.FToIntZero; code <= IrOpcode.FToInt; code++)
            {
                Compile(code, type, kind);
                ForPairs(special, (a, _) => Check(code, type, kind, a, 0, 0));
                ForRandom(() => Check(code, type, kind, values.Any(), 0, 0));
            }

            Compile(IrOpcode.FFromInt, type, kind);
            ForRandom(() => Check(IrOpcode.FFromInt, type, kind, Integer(), 0, 0));
        }

        Compile(IrOpcode.FConvert, type);
        ForPairs(other.Special(), (a, _) => Check(IrOpcode.FConvert, type, 0, a, 0, 0));
        ForRandom(() => Check(IrOpcode.FConvert, type, 0, other.Any(), 0, 0));
    }

    [Fact(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    public void Flags_that_were_set_are_got()
    {
        var region = new IrRegion();
        region.BeginInstruction(0);
        region.Emit(IrOpcode.FReadFlags, d: IrOperand.Slot(IntegerD));
        region.Emit(IrOpcode.FWriteFlags, a: IrOperand.Slot(IntegerA));
        region.Emit(IrOpcode.Goto, a: region.Constant(4));
        _code = _machine.Compile(region);
        foreach (RoundingMode mode in Modes)
        {
            for (uint old = 0; old < 32; old++)
            {
                for (uint flags = 0; flags < 32; flags++)
                {
                    _machine.FloatControl = FloatControl.Of(mode, (FloatFlags)old) | 2;
                    _machine.State.At(IntegerA) = flags | 0xffff_ffe0;
                    _machine.Run(_code);
                    Assert.Equal(old, _machine.State.At(IntegerD));
                    Assert.Equal(FloatControl.Of(mode, (FloatFlags)flags), _machine.FloatControl);
                }
            }
        }
    }

    private static CodeMachine NewMachine(X64Features features) => CanRun ? new(new FlatMemory(0, 4096), features, singleProcessor: true) : null!;

    private static bool IsToInteger(IrOpcode code) => code is (>= IrOpcode.FToIntZero and <= IrOpcode.FToInt) or IrOpcode.FEqual or IrOpcode.FLess or IrOpcode.FLessOrEqual;

    private ulong Integer()
    {
        ulong bits = (ulong)_random.NextInt64(long.MinValue, long.MaxValue) >> _random.Next(64);
        return _random.Next(3) switch { 0 => bits, 1 => 0 - bits, _ => (1UL << _random.Next(64)) + (ulong)_random.Next(-2, 3) };
    }

    private void Compile(IrOpcode code, IrType type, byte kind = 0)
    {
        var region = new IrRegion();
        region.BeginInstruction(0);
        IrOperand d = IrOperand.Slot(IsToInteger(code) ? IntegerD : D), a = IrOperand.Slot(code == IrOpcode.FFromInt ? IntegerA : A);
        int operands = code is >= IrOpcode.FMulAdd and <= IrOpcode.FNegMulSub ? 3 : code is IrOpcode.FSqrt or IrOpcode.FConvert or IrOpcode.FFromInt or (>= IrOpcode.FToIntZero and <= IrOpcode.FToInt) ? 1 : 2;
        region.Emit(code, type, d, a, operands > 1 ? IrOperand.Slot(B) : default, operands > 2 ? IrOperand.Slot(C) : default, kind);
        if (code is <= IrOpcode.FNegMulSub or IrOpcode.FConvert) region.Emit(IrOpcode.FCanon, type, d, d);
        region.Emit(IrOpcode.Goto, a: region.Constant(4));
        _code = _machine.Compile(region);
    }

    private void SetMode(RoundingMode mode) => _soft.Rounding = mode;

    private void ForPairs(ulong[] values, Action<ulong, ulong> check)
    {
        foreach (RoundingMode mode in Modes)
        {
            SetMode(mode);
            foreach (ulong a in values)
            {
                foreach (ulong b in values) check(a, b);
            }
        }
    }

    private void ForRandom(Action check)
    {
        foreach (RoundingMode mode in Modes)
        {
            SetMode(mode);
            for (int i = 0; i < 500; i++) check();
        }
    }

    private void Check(IrOpcode code, IrType type, byte kind, ulong a, ulong b, ulong c)
    {
        bool narrow = (code == IrOpcode.FConvert ? type == IrType.F64 : type == IrType.F32) && code != IrOpcode.FFromInt;
        ulong mask = narrow ? ~Box : ulong.MaxValue;
        _soft.Flags = (FloatFlags)(_random.Next(32) & _random.Next(32));
        _machine.FloatControl = FloatControl.Of(_soft.Rounding, _soft.Flags);
        _machine.State.At(A) = _machine.State.At(IntegerA) = a;
        _machine.State.At(B) = b;
        _machine.State.At(C) = c;
        ulong source = code == IrOpcode.FFromInt ? Extended(kind, a) : a & mask;
        ulong expected = _soft.Compute(code, type, kind, source, b & mask, c & mask);
        if (IsToInteger(code)) expected = code >= IrOpcode.FToIntZero ? Extended(kind, expected) : expected;
        else if (type == IrType.F32) expected |= Box;
        _machine.Run(_code);
        ulong result = _machine.State.At(IsToInteger(code) ? IntegerD : D);
        uint control = FloatControl.Visible(_machine.FloatControl);
        if (result == expected && control == FloatControl.Of(_soft.Rounding, _soft.Flags)) return;
        Assert.Fail($"{code} {type} {kind} of {a:x}, {b:x}, {c:x}, {_soft.Rounding}: {result:x} {FloatControl.FlagsOf(control)}, should be {expected:x} {_soft.Flags}; control {control:x}");
    }

    private static ulong Extended(byte kind, ulong value) => kind switch
    {
        (byte)IrType.S32 => (ulong)(int)value,
        (byte)IrType.U32 => (uint)value,
        _ => value,
    };
}
