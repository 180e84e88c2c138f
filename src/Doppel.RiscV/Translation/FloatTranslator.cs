// F, D 2.2; fli of Zfa 1.0: RISC-V Unprivileged ISA.
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Float;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// Single and double precision, while mstatus.FS is Dirty and the host can round as the instruction says. What rounding modes the translation may rely on is
/// part of the <see cref="CodeMode"/>.
/// </summary>
internal static class FloatTranslator
{
    private const int DynamicRounding = 7;

    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryTranslate(in Instruction i, Emission e)
    {
        if (!e.Mode.FloatDirty || (!e.HasFloat && i.Op is not (>= Op.Flw and <= Op.Fsd))) return false;
        switch (i.Op)
        {
            case Op.Flw: Load(i, e, IrType.F32); return true;
            case Op.Fld: Load(i, e, IrType.F64); return true;
            case Op.Fsw: MemoryTranslator.Store(i, e, IrType.F32); return true;
            case Op.Fsd: MemoryTranslator.Store(i, e, IrType.F64); return true;
            case Op.FcvtSD: return TryConvert(i, e);
            case Op.FcvtDS: return TryWiden(i, e);
            case Op.FliS: Constant(i, e, FloatArithmetic.Immediate<Binary32>(i.Rs1), IrType.F32); return true;
            case Op.FliD: Constant(i, e, FloatArithmetic.Immediate<Binary64>(i.Rs1), IrType.F64); return true;
            case >= Op.FaddS and <= Op.FclassS: return TryCommon(i, i.Op, e, IrType.F32);
            case >= Op.FaddD and <= Op.FclassD: return TryCommon(i, i.Op - (Op.FaddD - Op.FaddS), e, IrType.F64);
            default: return false;
        }
    }

    /// <summary>The formats have their operations in the same order, so that one method serves both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryCommon(in Instruction i, Op op, Emission e, IrType type)
    {
        switch (op)
        {
            case Op.FaddS: return TryCompute(i, e, type, IrOpcode.FAdd, operands: 2);
            case Op.FsubS: return TryCompute(i, e, type, IrOpcode.FSub, operands: 2);
            case Op.FmulS: return TryCompute(i, e, type, IrOpcode.FMul, operands: 2);
            case Op.FdivS: return TryCompute(i, e, type, IrOpcode.FDiv, operands: 2);
            case Op.FsqrtS: return TryCompute(i, e, type, IrOpcode.FSqrt, operands: 1);
            case Op.FmaddS: return TryCompute(i, e, type, IrOpcode.FMulAdd, operands: 3);
            case Op.FmsubS: return TryCompute(i, e, type, IrOpcode.FMulSub, operands: 3);
            case Op.FnmsubS: return TryCompute(i, e, type, IrOpcode.FNegMulAdd, operands: 3);
            case Op.FnmaddS: return TryCompute(i, e, type, IrOpcode.FNegMulSub, operands: 3);
            case Op.FminS: Set(i, e, type, IrOpcode.FMin); return true;
            case Op.FmaxS: Set(i, e, type, IrOpcode.FMax); return true;
            case Op.FsgnjS when i.Rs1 == i.Rs2: Copy(i, e, type); return true;
            case Op.FsgnjS: Set(i, e, type, IrOpcode.FSignCopy); return true;
            case Op.FsgnjnS: Set(i, e, type, IrOpcode.FSignNot); return true;
            case Op.FsgnjxS: Set(i, e, type, IrOpcode.FSignXor); return true;
            case Op.FcvtWS: return TryToInteger(i, e, type, (byte)IrType.S32);
            case Op.FcvtWuS: return TryToInteger(i, e, type, (byte)IrType.U32);
            case Op.FcvtLS: return TryToInteger(i, e, type, (byte)IrType.I64);
            case Op.FcvtLuS: return TryToInteger(i, e, type, IrOp.Unsigned64);
            case Op.FcvtSW: return TryFromInteger(i, e, type, (byte)IrType.S32, exact: type == IrType.F64);
            case Op.FcvtSWu: return TryFromInteger(i, e, type, (byte)IrType.U32, exact: type == IrType.F64);
            case Op.FcvtSL: return TryFromInteger(i, e, type, (byte)IrType.I64, exact: false);
            case Op.FcvtSLu: return TryFromInteger(i, e, type, IrOp.Unsigned64, exact: false);
            case Op.FmvXW: e.Emit(IrOpcode.Mov, e.Write(i.Rd), IrOperand.Slot(i.Rs1), type: type == IrType.F32 ? IrType.S32 : IrType.I64); return true;
            case Op.FmvWX: MoveFromInteger(i, e, type); return true;
            case Op.FeqS: Compare(i, e, type, IrOpcode.FEqual); return true;
            case Op.FltS: Compare(i, e, type, IrOpcode.FLess); return true;
            case Op.FleS: Compare(i, e, type, IrOpcode.FLessOrEqual); return true;
            default: return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Load(in Instruction i, Emission e, IrType type)
    {
        MemoryTranslator.Load(i, e, type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Constant(in Instruction i, Emission e, ulong bits, IrType type)
    {
        e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Constant((long)(type == IrType.F32 ? NanBox.Box32(bits) : bits)));
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>The value of an f register in a format.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static IrOperand Read(byte slot, Emission e, IrType type)
    {
        IrOperand register = IrOperand.Slot(slot);
        return type == IrType.F64 || e.IsBoxed(slot) ? register : e.Compute(IrOpcode.FUnbox, register, type: IrType.F32);
    }

    /// <summary>An operation that rounds, and whose NaN is the canonical one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryCompute(in Instruction i, Emission e, IrType type, IrOpcode code, int operands)
    {
        if (!RoundsByCurrentMode(i, e) || (operands == 3 && !e.HasFusedArithmetic)) return false;
        IrOperand d = IrOperand.Slot(i.Rd);
        IrOperand a = Read(i.Rs1, e, type);
        IrOperand b = operands < 2 ? IrOperand.None : i.Rs2 == i.Rs1 ? a : Read(i.Rs2, e, type);
        IrOperand c = operands < 3 ? IrOperand.None : Read(i.Rs3, e, type);
        e.Region.Emit(code, type, d, a, b, c);
        Canonicalise(i, e, type);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Canonicalise(in Instruction i, Emission e, IrType type)
    {
        e.Emit(IrOpcode.FCanon, IrOperand.Slot(i.Rd), IrOperand.Slot(i.Rd), type: type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>An operation that does not round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Set(in Instruction i, Emission e, IrType type, IrOpcode code)
    {
        IrOperand a = Read(i.Rs1, e, type);
        e.Emit(code, IrOperand.Slot(i.Rd), a, i.Rs2 == i.Rs1 ? a : Read(i.Rs2, e, type), type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>fmv.s and fmv.d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(in Instruction i, Emission e, IrType type)
    {
        bool copiesAll = type == IrType.F64 || e.IsBoxed(i.Rs1);
        e.Emit(copiesAll ? IrOpcode.Mov : IrOpcode.FUnbox, IrOperand.Slot(i.Rd), IrOperand.Slot(i.Rs1), type: copiesAll ? IrType.I64 : type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compare(in Instruction i, Emission e, IrType type, IrOpcode code)
    {
        IrOperand a = Read(i.Rs1, e, type);
        e.Emit(code, e.Write(i.Rd), a, i.Rs2 == i.Rs1 ? a : Read(i.Rs2, e, type), type);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MoveFromInteger(in Instruction i, Emission e, IrType type)
    {
        if (type == IrType.F64) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Read(i.Rs1));
        else if (i.Rs1 == RiscVSlot.X) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Constant((long)NanBox.Box32(0)));
        else e.Emit(IrOpcode.FBox, IrOperand.Slot(i.Rd), e.Read(i.Rs1), type: IrType.F32);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryConvert(in Instruction i, Emission e)
    {
        if (!RoundsByCurrentMode(i, e)) return false;
        e.Emit(IrOpcode.FConvert, IrOperand.Slot(i.Rd), IrOperand.Slot(i.Rs1), type: IrType.F32);
        Canonicalise(i, e, IrType.F32);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryWiden(in Instruction i, Emission e)
    {
        if (!IsValidRounding(i, e)) return false;
        e.Emit(IrOpcode.FConvert, IrOperand.Slot(i.Rd), Read(i.Rs1, e, IrType.F32), type: IrType.F64);
        Canonicalise(i, e, IrType.F64);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryFromInteger(in Instruction i, Emission e, IrType type, byte kind, bool exact)
    {
        if (exact ? !IsValidRounding(i, e) : !RoundsByCurrentMode(i, e)) return false;
        e.Region.Emit(IrOpcode.FFromInt, type, IrOperand.Slot(i.Rd), e.Read(i.Rs1), detail: kind);
        e.SetBoxed(i.Rd, type == IrType.F32);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryToInteger(in Instruction i, Emission e, IrType type, byte kind)
    {
        bool towardsZero = i.Rm == (byte)RoundingMode.Rtz || (i.Rm == DynamicRounding && e.Mode is { HasHostRounding: true, Rounding: RoundingMode.Rtz });
        if (!towardsZero && !RoundsByCurrentMode(i, e)) return false;
        IrOperand d = e.Write(i.Rd);
        e.Region.Emit(towardsZero ? IrOpcode.FToIntZero : IrOpcode.FToInt, type, d, Read(i.Rs1, e, type), detail: kind);

        // RV64 keeps unsigned words sign-extended.
        if (kind == (byte)IrType.U32) e.Emit(IrOpcode.Mov, d, d, type: IrType.S32);
        return true;
    }

    /// <summary>Whether the instruction rounds as the host does while it runs this translation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool RoundsByCurrentMode(in Instruction i, Emission e) =>
        e.Mode.HasHostRounding && (i.Rm == DynamicRounding || i.Rm == (byte)e.Mode.Rounding);

    /// <summary>Whether the rounding mode is a legal one, for operations that are exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool IsValidRounding(in Instruction i, Emission e) => i.Rm == DynamicRounding ? e.Mode.HasHostRounding : i.Rm <= (byte)RoundingMode.Rmm;
}
