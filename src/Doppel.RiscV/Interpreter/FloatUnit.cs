// F, D 2.2, Zfh 1.0, Zfa 1.0: RISC-V Unprivileged ISA.
using Doppel.RiscV.Float;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Interpreter;

/// <summary>Executes floating-point instructions: operands out of the f registers, arithmetic, result and flags back. Callers check mstatus.FS.</summary>
internal sealed class FloatUnit(HartState state, MemoryUnit memory, PendingTrap trap)
{
    private const int DynamicRounding = 7;

    /// <summary>Executes a load or a store; a fault is left in the pending trap.</summary>
    public void LoadOrStore(in Instruction i)
    {
        ulong address = state.Slots[i.Rs1] + (ulong)(long)i.Imm;
        switch (i.Op)
        {
            case Op.Flh:
                SetLoaded(i, NanBox.Box16(memory.Load(address, 2)));
                break;
            case Op.Flw:
                SetLoaded(i, NanBox.Box32(memory.Load(address, 4)));
                break;
            case Op.Fld:
                SetLoaded(i, memory.Load(address, 8));
                break;
            case Op.Fsh:
                memory.Store(address, 2, state.Slots[i.Rs2]);
                break;
            case Op.Fsw:
                memory.Store(address, 4, state.Slots[i.Rs2]);
                break;
            default:
                memory.Store(address, 8, state.Slots[i.Rs2]);
                break;
        }
    }

    /// <summary>Executes anything else.</summary>
    /// <returns>False if the rounding mode is reserved, which makes the instruction illegal.</returns>
    public bool Execute(in Instruction i)
    {
        // The three formats have their operations in the same order, so that one method serves all (a test holds the order).
        switch (i.Op)
        {
            case <= Op.FclassS:
                return Common<Binary32>(i, i.Op);
            case >= Op.FaddD and <= Op.FclassD:
                return Common<Binary64>(i, i.Op - (Op.FaddD - Op.FaddS));
            case >= Op.FaddH and <= Op.FclassH:
                return Common<Binary16>(i, i.Op - (Op.FaddH - Op.FaddS));
            case >= Op.FliS:
                return Additional(i);
            default:
                return ConvertBetweenFormats(i);
        }
    }

    private bool Common<TFormat>(in Instruction i, Op op)
        where TFormat : struct, IBinaryFormat
    {
        ulong a = Get<TFormat>(i.Rs1);
        ulong b = Get<TFormat>(i.Rs2);
        FloatFlags flags = Flags;
        RoundingMode rm = default;
        bool rounds = op is <= Op.FsqrtS or >= Op.FmaddS and <= Op.FcvtSLu;
        if (rounds && !TryGetRounding(i, out rm)) return false;
        switch (op)
        {
            case Op.FaddS: Set<TFormat>(i, FloatArithmetic.Add<TFormat>(a, b, rm, ref flags)); break;
            case Op.FsubS: Set<TFormat>(i, FloatArithmetic.Subtract<TFormat>(a, b, rm, ref flags)); break;
            case Op.FmulS: Set<TFormat>(i, FloatArithmetic.Multiply<TFormat>(a, b, rm, ref flags)); break;
            case Op.FdivS: Set<TFormat>(i, FloatArithmetic.Divide<TFormat>(a, b, rm, ref flags)); break;
            case Op.FsqrtS: Set<TFormat>(i, FloatArithmetic.SquareRoot<TFormat>(a, rm, ref flags)); break;
            case Op.FminS: Set<TFormat>(i, FloatArithmetic.MinimumNumber<TFormat>(a, b, ref flags)); break;
            case Op.FmaxS: Set<TFormat>(i, FloatArithmetic.MaximumNumber<TFormat>(a, b, ref flags)); break;
            case Op.FmaddS: Set<TFormat>(i, FloatArithmetic.MultiplyAdd<TFormat>(a, b, Get<TFormat>(i.Rs3), rm, ref flags)); break;
            case Op.FmsubS: Set<TFormat>(i, FloatArithmetic.MultiplySubtract<TFormat>(a, b, Get<TFormat>(i.Rs3), rm, ref flags)); break;
            case Op.FnmsubS: Set<TFormat>(i, FloatArithmetic.NegatedMultiplySubtract<TFormat>(a, b, Get<TFormat>(i.Rs3), rm, ref flags)); break;
            case Op.FnmaddS: Set<TFormat>(i, FloatArithmetic.NegatedMultiplyAdd<TFormat>(a, b, Get<TFormat>(i.Rs3), rm, ref flags)); break;
            case Op.FcvtWS: state.Slots[i.Rd] = FloatArithmetic.ToInt32<TFormat>(a, rm, ref flags); break;
            case Op.FcvtWuS: state.Slots[i.Rd] = FloatArithmetic.ToUInt32<TFormat>(a, rm, ref flags); break;
            case Op.FcvtLS: state.Slots[i.Rd] = FloatArithmetic.ToInt64<TFormat>(a, rm, ref flags); break;
            case Op.FcvtLuS: state.Slots[i.Rd] = FloatArithmetic.ToUInt64<TFormat>(a, rm, ref flags); break;
            case Op.FcvtSW: Set<TFormat>(i, FloatArithmetic.FromInt64<TFormat>((int)state.Slots[i.Rs1], rm, ref flags)); break;
            case Op.FcvtSWu: Set<TFormat>(i, FloatArithmetic.FromUInt64<TFormat>((uint)state.Slots[i.Rs1], rm, ref flags)); break;
            case Op.FcvtSL: Set<TFormat>(i, FloatArithmetic.FromInt64<TFormat>((long)state.Slots[i.Rs1], rm, ref flags)); break;
            case Op.FcvtSLu: Set<TFormat>(i, FloatArithmetic.FromUInt64<TFormat>(state.Slots[i.Rs1], rm, ref flags)); break;
            case Op.FsgnjS: Set<TFormat>(i, FloatArithmetic.InjectSign<TFormat>(a, b)); break;
            case Op.FsgnjnS: Set<TFormat>(i, FloatArithmetic.InjectNegatedSign<TFormat>(a, b)); break;
            case Op.FsgnjxS: Set<TFormat>(i, FloatArithmetic.InjectXorSign<TFormat>(a, b)); break;
            case Op.FmvXW: state.Slots[i.Rd] = SignExtend<TFormat>(state.Slots[i.Rs1]); break;
            case Op.FmvWX: Set<TFormat>(i, state.Slots[i.Rs1] & Layout<TFormat>.Mask); break;
            case Op.FeqS: state.Slots[i.Rd] = FloatArithmetic.Equal<TFormat>(a, b, ref flags) ? 1UL : 0; break;
            case Op.FltS: state.Slots[i.Rd] = FloatArithmetic.Less<TFormat>(a, b, ref flags) ? 1UL : 0; break;
            case Op.FleS: state.Slots[i.Rd] = FloatArithmetic.LessOrEqual<TFormat>(a, b, ref flags) ? 1UL : 0; break;
            default: state.Slots[i.Rd] = (ulong)FloatArithmetic.Classify<TFormat>(a); break;
        }

        Flags = flags;
        return true;
    }

    private bool ConvertBetweenFormats(in Instruction i)
    {
        if (!TryGetRounding(i, out RoundingMode rm)) return false;
        FloatFlags flags = Flags;
        switch (i.Op)
        {
            case Op.FcvtSD: Set<Binary32>(i, FloatArithmetic.ConvertFormat<Binary64, Binary32>(Get<Binary64>(i.Rs1), rm, ref flags)); break;
            case Op.FcvtDS: Set<Binary64>(i, FloatArithmetic.ConvertFormat<Binary32, Binary64>(Get<Binary32>(i.Rs1), rm, ref flags)); break;
            case Op.FcvtSH: Set<Binary32>(i, FloatArithmetic.ConvertFormat<Binary16, Binary32>(Get<Binary16>(i.Rs1), rm, ref flags)); break;
            case Op.FcvtHS: Set<Binary16>(i, FloatArithmetic.ConvertFormat<Binary32, Binary16>(Get<Binary32>(i.Rs1), rm, ref flags)); break;
            case Op.FcvtDH: Set<Binary64>(i, FloatArithmetic.ConvertFormat<Binary16, Binary64>(Get<Binary16>(i.Rs1), rm, ref flags)); break;
            default: Set<Binary16>(i, FloatArithmetic.ConvertFormat<Binary64, Binary16>(Get<Binary64>(i.Rs1), rm, ref flags)); break;
        }

        Flags = flags;
        return true;
    }

    /// <summary>Zfa.</summary>
    private bool Additional(in Instruction i)
    {
        FloatFlags flags = Flags;
        RoundingMode rm = default;
        if (i.Op is >= Op.FroundS and <= Op.FroundnxH && !TryGetRounding(i, out rm)) return false;
        switch (i.Op)
        {
            case Op.FliS: Set<Binary32>(i, FloatArithmetic.Immediate<Binary32>(i.Rs1)); break;
            case Op.FliD: Set<Binary64>(i, FloatArithmetic.Immediate<Binary64>(i.Rs1)); break;
            case Op.FliH: Set<Binary16>(i, FloatArithmetic.Immediate<Binary16>(i.Rs1)); break;
            case Op.FminmS: MinMax<Binary32>(i, maximum: false, ref flags); break;
            case Op.FmaxmS: MinMax<Binary32>(i, maximum: true, ref flags); break;
            case Op.FminmD: MinMax<Binary64>(i, maximum: false, ref flags); break;
            case Op.FmaxmD: MinMax<Binary64>(i, maximum: true, ref flags); break;
            case Op.FminmH: MinMax<Binary16>(i, maximum: false, ref flags); break;
            case Op.FmaxmH: MinMax<Binary16>(i, maximum: true, ref flags); break;
            case Op.FroundS or Op.FroundnxS: Round<Binary32>(i, rm, i.Op == Op.FroundnxS, ref flags); break;
            case Op.FroundD or Op.FroundnxD: Round<Binary64>(i, rm, i.Op == Op.FroundnxD, ref flags); break;
            case Op.FroundH or Op.FroundnxH: Round<Binary16>(i, rm, i.Op == Op.FroundnxH, ref flags); break;
            case Op.FcvtmodWD: state.Slots[i.Rd] = FloatArithmetic.ToInt32Modular(Get<Binary64>(i.Rs1), ref flags); break;
            case Op.FleqS: CompareQuiet<Binary32>(i, orEqual: true, ref flags); break;
            case Op.FltqS: CompareQuiet<Binary32>(i, orEqual: false, ref flags); break;
            case Op.FleqD: CompareQuiet<Binary64>(i, orEqual: true, ref flags); break;
            case Op.FltqD: CompareQuiet<Binary64>(i, orEqual: false, ref flags); break;
            case Op.FleqH: CompareQuiet<Binary16>(i, orEqual: true, ref flags); break;
            default: CompareQuiet<Binary16>(i, orEqual: false, ref flags); break;
        }

        Flags = flags;
        return true;
    }

    private void MinMax<TFormat>(in Instruction i, bool maximum, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        ulong a = Get<TFormat>(i.Rs1), b = Get<TFormat>(i.Rs2);
        Set<TFormat>(i, maximum ? FloatArithmetic.Maximum<TFormat>(a, b, ref flags) : FloatArithmetic.Minimum<TFormat>(a, b, ref flags));
    }

    private void Round<TFormat>(in Instruction i, RoundingMode rm, bool raiseInexact, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat =>
        Set<TFormat>(i, FloatArithmetic.RoundToIntegral<TFormat>(Get<TFormat>(i.Rs1), rm, raiseInexact, ref flags));

    private void CompareQuiet<TFormat>(in Instruction i, bool orEqual, ref FloatFlags flags)
        where TFormat : struct, IBinaryFormat
    {
        ulong a = Get<TFormat>(i.Rs1), b = Get<TFormat>(i.Rs2);
        bool result = orEqual ? FloatArithmetic.LessOrEqualQuiet<TFormat>(a, b, ref flags) : FloatArithmetic.LessQuiet<TFormat>(a, b, ref flags);
        state.Slots[i.Rd] = result ? 1UL : 0;
    }

    private FloatFlags Flags
    {
        get => (FloatFlags)(state.Slots[RiscVSlot.Fcsr] & 0x1f);
        set
        {
            ulong old = state.Slots[RiscVSlot.Fcsr];
            ulong now = (old & ~0x1fUL) | (ulong)value;
            if (now == old) return;
            state.Slots[RiscVSlot.Fcsr] = now;
            state.SetFloatDirty();
        }
    }

    /// <summary>The instruction's static rounding mode, or frm; false if that is reserved.</summary>
    private bool TryGetRounding(in Instruction i, out RoundingMode rm)
    {
        int mode = i.Rm == DynamicRounding ? (int)(state.Slots[RiscVSlot.Fcsr] >> 5 & 7) : i.Rm;
        rm = (RoundingMode)mode;
        return mode <= (int)RoundingMode.Rmm;
    }

    private ulong Get<TFormat>(byte slot)
        where TFormat : struct, IBinaryFormat => NanBox.Unbox<TFormat>(state.Slots[slot]);

    private void Set<TFormat>(in Instruction i, ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        state.Slots[i.Rd] = NanBox.Box<TFormat>(bits);
        state.SetFloatDirty();
    }

    private void SetLoaded(in Instruction i, ulong value)
    {
        if (trap.Raised) return;
        state.Slots[i.Rd] = value;
        state.SetFloatDirty();
    }

    private static ulong SignExtend<TFormat>(ulong register)
        where TFormat : struct, IBinaryFormat
    {
        ulong bits = register & Layout<TFormat>.Mask;
        return (bits & Layout<TFormat>.SignBit) != 0 ? bits | ~Layout<TFormat>.Mask : bits;
    }
}
