using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Copies and extensions.</summary>
public sealed partial class X64Backend
{
    private void Move(in IrOp op)
    {
        if (op.Type is IrType.I64 or IrType.F64 or IrType.F32) Copy(op);
        else Extend(op.D, op.A, op.Type);
    }

    private void Copy(in IrOp op)
    {
        int d = RegisterOfTarget(op.D);
        if (IsXmm(d))
        {
            FetchXmm(XmmOf(d), op.A);
        }
        else if (IsGpr(d))
        {
            Fetch((Gpr)d, op.A);
        }
        else if (op.D.IsSlot && Immediate(op.A, OperandSize.Qword, out int value))
        {
            _asm.MovImm(OperandSize.Qword, MemoryOf(op.D), value);
        }
        else if (IsXmm(RegisterOf(op.A)) && op.D.IsSlot)
        {
            _asm.Movq(MemoryOf(op.D), XmmOf(RegisterOf(op.A)));
        }
        else
        {
            Gpr result;
            if (op.D.IsTemp)
            {
                result = Target(op.D, op.A);
                Fetch(result, op.A);
            }
            else
            {
                result = Use(op.A);
            }

            Finish(op.D, result);
        }
    }

    /// <summary>The home of a slot; −1 for one in memory and for a temporary, whose place is not known yet.</summary>
    private int RegisterOfTarget(IrOperand d) => d.IsSlot ? _places[d.Place] : NoPlace;

    /// <summary>d = the low bits of a, extended.</summary>
    private void Extend(IrOperand d, IrOperand a, IrType type)
    {
        Gpr result = Target(d, a);
        if (a.IsConstant) LoadConstant(result, Extended(_region.ValueOf(a), type));
        else LoadExtended(result, IsXmm(RegisterOf(a)) ? Use(a) : UseRm(a), type);
        Finish(d, result);
    }

    private static long Extended(long value, IrType type) => type switch
    {
        IrType.U32 => (uint)value,
        IrType.S32 => (int)value,
        IrType.U16 => (ushort)value,
        IrType.S16 => (short)value,
        IrType.U8 => (byte)value,
        IrType.S8 => (sbyte)value,
        _ => value,
    };

    // The integer types are in the order of the fillings.
    private void LoadExtended(Gpr d, Rm s, IrType type) => _asm.MovFilled((Filling)type, d, s);
}
