// F, D 2.2; fli of Zfa 1.0: RISC-V Unprivileged ISA.
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
            case Op.FclassS: FloatClassTranslator.Translate(i, e, Read(i.Rs1, i, e, type), type); return true;
            default: return false;
        }
    }

    private static void Load(in Instruction i, Emission e, IrType type)
    {
        MemoryTranslator.Load(i, e, type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    private static void Constant(in Instruction i, Emission e, ulong bits, IrType type)
    {
        e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Constant((long)(type == IrType.F32 ? NanBox.Box32(bits) : bits)));
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>
    /// The value of an f register in a format. One that is not boxed counts as a NaN, and is so rare that the interpreter executes the instruction; behind that the
    /// block knows. To be called before the instruction has done anything.
    /// </summary>
    private static IrOperand Read(byte slot, in Instruction i, Emission e, IrType type)
    {
        IrOperand register = IrOperand.Slot(slot);
        if (type == IrType.F64 || e.IsBoxed(slot)) return register;
        IrOperand box = e.Compute(IrOpcode.Sar, e.Compute(IrOpcode.Mov, register), e.Constant(32));
        StepIf(IrCondition.NotEqual, box, -1, i, e);
        e.SetBoxed(slot, true);
        return register;
    }

    private static void StepIf(IrCondition condition, IrOperand a, long b, in Instruction i, Emission e) =>
        e.Region.Emit(IrOpcode.Branch, a: a, b: e.Constant(b), c: e.Labels.ForStep(e.Distance, i.Length, e.Ahead), detail: (byte)condition);

    /// <summary>An operation that rounds, and whose NaN is the canonical one.</summary>
    private static bool TryCompute(in Instruction i, Emission e, IrType type, IrOpcode code, int operands)
    {
        if (!RoundsByCurrentMode(i, e) || (operands == 3 && !e.HasFusedArithmetic)) return false;
        IrOperand d = IrOperand.Slot(i.Rd);
        IrOperand a = Read(i.Rs1, i, e, type);
        IrOperand b = operands < 2 ? IrOperand.None : i.Rs2 == i.Rs1 ? a : Read(i.Rs2, i, e, type);
        IrOperand c = operands < 3 ? IrOperand.None : Read(i.Rs3, i, e, type);
        e.Region.Emit(code, type, d, a, b, c);
        Canonicalise(i, e, type);
        return true;
    }

    private static void Canonicalise(in Instruction i, Emission e, IrType type)
    {
        e.Emit(IrOpcode.FCanon, IrOperand.Slot(i.Rd), IrOperand.Slot(i.Rd), type: type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>An operation that does not round.</summary>
    private static void Set(in Instruction i, Emission e, IrType type, IrOpcode code)
    {
        IrOperand a = Read(i.Rs1, i, e, type);
        e.Emit(code, IrOperand.Slot(i.Rd), a, i.Rs2 == i.Rs1 ? a : Read(i.Rs2, i, e, type), type);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    /// <summary>fmv.s and fmv.d.</summary>
    private static void Copy(in Instruction i, Emission e, IrType type)
    {
        e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), Read(i.Rs1, i, e, type));
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    private static void Compare(in Instruction i, Emission e, IrType type, IrOpcode code)
    {
        IrOperand a = Read(i.Rs1, i, e, type);
        e.Emit(code, e.Write(i.Rd), a, i.Rs2 == i.Rs1 ? a : Read(i.Rs2, i, e, type), type);
    }

    private static void MoveFromInteger(in Instruction i, Emission e, IrType type)
    {
        if (type == IrType.F64) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Read(i.Rs1));
        else if (i.Rs1 == RiscVSlot.X) e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), e.Constant((long)NanBox.Box32(0)));
        else e.Emit(IrOpcode.FBox, IrOperand.Slot(i.Rd), e.Read(i.Rs1), type: IrType.F32);
        e.SetBoxed(i.Rd, type == IrType.F32);
    }

    private static bool TryConvert(in Instruction i, Emission e)
    {
        if (!RoundsByCurrentMode(i, e)) return false;
        e.Emit(IrOpcode.FConvert, IrOperand.Slot(i.Rd), IrOperand.Slot(i.Rs1), type: IrType.F32);
        Canonicalise(i, e, IrType.F32);
        return true;
    }

    private static bool TryWiden(in Instruction i, Emission e)
    {
        if (!IsValidRounding(i, e)) return false;
        e.Emit(IrOpcode.FConvert, IrOperand.Slot(i.Rd), Read(i.Rs1, i, e, IrType.F32), type: IrType.F64);
        Canonicalise(i, e, IrType.F64);
        return true;
    }

    private static bool TryFromInteger(in Instruction i, Emission e, IrType type, byte kind, bool exact)
    {
        if (!IsValidRounding(i, e)) return false;
        IrOperand a = e.Read(i.Rs1);
        if (!exact && !RoundsByCurrentMode(i, e)) StepIfInexact(i, e, a, type, kind);
        e.Region.Emit(IrOpcode.FFromInt, type, IrOperand.Slot(i.Rd), a, detail: kind);
        e.SetBoxed(i.Rd, type == IrType.F32);
        return true;
    }

    /// <summary>Rounding functions of C libraries come with modes of their own, and integers for which these do not matter: those that have no more digits than the format.</summary>
    private static void StepIfInexact(in Instruction i, Emission e, IrOperand integer, IrType type, byte kind)
    {
        long limit = 1L << (type == IrType.F32 ? 24 : 53);
        if (kind is (byte)IrType.S32 or (byte)IrType.U32) integer = e.Compute(IrOpcode.Mov, integer, type: (IrType)kind);
        bool signed = kind is (byte)IrType.S32 or (byte)IrType.I64;
        if (signed) integer = e.Compute(IrOpcode.Add, integer, e.Constant(limit));
        StepIf(IrCondition.GreaterOrEqualUnsigned, integer, (signed ? 2 * limit : limit) + 1, i, e);
    }

    private static bool TryToInteger(in Instruction i, Emission e, IrType type, byte kind)
    {
        if (ConversionOf(i, e) is not { } code) return false;
        IrOperand a = Read(i.Rs1, i, e, type);
        IrOperand d = e.Write(i.Rd);
        e.Region.Emit(code, type, d, a, detail: kind);

        // RV64 keeps unsigned words sign-extended.
        if (kind == (byte)IrType.U32) e.Emit(IrOpcode.Mov, d, d, type: IrType.S32);
        return true;
    }

    /// <summary>The operation that converts to an integer as the instruction rounds.</summary>
    private static IrOpcode? ConversionOf(in Instruction i, Emission e)
    {
        if (RoundsByCurrentMode(i, e) && e.Mode.Rounding != RoundingMode.Rtz) return IrOpcode.FToInt;
        if (i.Rm == DynamicRounding && !e.Mode.HasHostRounding) return null;
        return (i.Rm == DynamicRounding ? e.Mode.Rounding : (RoundingMode)i.Rm) switch
        {
            RoundingMode.Rne => IrOpcode.FToIntNearest,
            RoundingMode.Rtz => IrOpcode.FToIntZero,
            RoundingMode.Rdn => IrOpcode.FToIntDown,
            RoundingMode.Rup => IrOpcode.FToIntUp,
            _ => null,
        };
    }

    /// <summary>Whether the instruction rounds as the host does while it runs this translation.</summary>
    private static bool RoundsByCurrentMode(in Instruction i, Emission e) =>
        e.Mode.HasHostRounding && (i.Rm == DynamicRounding || i.Rm == (byte)e.Mode.Rounding);

    /// <summary>Whether the rounding mode is a legal one, for operations that are exact.</summary>
    private static bool IsValidRounding(in Instruction i, Emission e) => i.Rm == DynamicRounding ? e.Mode.HasHostRounding : i.Rm <= (byte)RoundingMode.Rmm;
}
