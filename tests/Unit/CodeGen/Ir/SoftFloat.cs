using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.RiscV.Float;

namespace Doppel.Tests.Unit.CodeGen.Ir;

/// <summary>The arithmetic of the IR's interpreter, with the soft float of the RISC-V interpreter.</summary>
internal sealed class SoftFloat : IIrFloat
{
    private FloatFlags _flags;

    public FloatFlags Flags
    {
        get => _flags;
        set => _flags = value;
    }

    public ulong Exceptions
    {
        get => (ulong)_flags;
        set => _flags = (FloatFlags)value;
    }

    public RoundingMode Rounding { get; set; }

    public ulong Compute(IrOpcode operation, IrType type, byte integer, ulong a, ulong b, ulong c) =>
        type == IrType.F32 ? Compute<Binary32, Binary64>(operation, integer, a, b, c) : Compute<Binary64, Binary32>(operation, integer, a, b, c);

    private ulong Compute<TFormat, TOther>(IrOpcode operation, byte integer, ulong a, ulong b, ulong c)
        where TFormat : struct, IBinaryFormat
        where TOther : struct, IBinaryFormat
    {
        RoundingMode mode = Rounding;
        switch (operation)
        {
            case IrOpcode.FAdd: return FloatArithmetic.Add<TFormat>(a, b, mode, ref _flags);
            case IrOpcode.FSub: return FloatArithmetic.Subtract<TFormat>(a, b, mode, ref _flags);
            case IrOpcode.FMul: return FloatArithmetic.Multiply<TFormat>(a, b, mode, ref _flags);
            case IrOpcode.FDiv: return FloatArithmetic.Divide<TFormat>(a, b, mode, ref _flags);
            case IrOpcode.FSqrt: return FloatArithmetic.SquareRoot<TFormat>(a, mode, ref _flags);
            case IrOpcode.FMulAdd: return FloatArithmetic.MultiplyAdd<TFormat>(a, b, c, mode, ref _flags);
            case IrOpcode.FMulSub: return FloatArithmetic.MultiplySubtract<TFormat>(a, b, c, mode, ref _flags);
            case IrOpcode.FNegMulAdd: return FloatArithmetic.NegatedMultiplySubtract<TFormat>(a, b, c, mode, ref _flags);
            case IrOpcode.FNegMulSub: return FloatArithmetic.NegatedMultiplyAdd<TFormat>(a, b, c, mode, ref _flags);
            case IrOpcode.FMin: return FloatArithmetic.MinimumNumber<TFormat>(a, b, ref _flags);
            case IrOpcode.FMax: return FloatArithmetic.MaximumNumber<TFormat>(a, b, ref _flags);
            case IrOpcode.FEqual: return FloatArithmetic.Equal<TFormat>(a, b, ref _flags) ? 1UL : 0;
            case IrOpcode.FLess: return FloatArithmetic.Less<TFormat>(a, b, ref _flags) ? 1UL : 0;
            case IrOpcode.FLessOrEqual: return FloatArithmetic.LessOrEqual<TFormat>(a, b, ref _flags) ? 1UL : 0;
            case IrOpcode.FConvert: return FloatArithmetic.ConvertFormat<TOther, TFormat>(a, mode, ref _flags);
            case IrOpcode.FFromInt when integer == IrOp.Unsigned64: return FloatArithmetic.FromUInt64<TFormat>(a, mode, ref _flags);
            case IrOpcode.FFromInt: return FloatArithmetic.FromInt64<TFormat>((long)a, mode, ref _flags);
            case IrOpcode.FToInt: return ToInteger<TFormat>(integer, a, mode);
            case IrOpcode.FToIntNearest: return ToInteger<TFormat>(integer, a, RoundingMode.Rne);
            case IrOpcode.FToIntDown: return ToInteger<TFormat>(integer, a, RoundingMode.Rdn);
            case IrOpcode.FToIntUp: return ToInteger<TFormat>(integer, a, RoundingMode.Rup);
            case IrOpcode.FToIntZero: return ToInteger<TFormat>(integer, a, RoundingMode.Rtz);
            default: throw new ArgumentOutOfRangeException(nameof(operation), operation, null);
        }
    }

    private ulong ToInteger<TFormat>(byte integer, ulong a, RoundingMode mode)
        where TFormat : struct, IBinaryFormat
    {
        return integer switch
        {
            IrOp.Unsigned64 => FloatArithmetic.ToUInt64<TFormat>(a, mode, ref _flags),
            (byte)IrType.U32 => FloatArithmetic.ToUInt32<TFormat>(a, mode, ref _flags),
            (byte)IrType.S32 => FloatArithmetic.ToInt32<TFormat>(a, mode, ref _flags),
            _ => FloatArithmetic.ToInt64<TFormat>(a, mode, ref _flags),
        };
    }
}
