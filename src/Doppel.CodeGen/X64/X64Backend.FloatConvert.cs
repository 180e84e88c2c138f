using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Conversions between the formats, and from and to integers.</summary>
public sealed partial class X64Backend
{
    // What roundss takes: as in MXCSR, the mode there, and not to raise inexact.
    private const int RoundNearest = 0;
    private const int RoundDown = 1;
    private const int RoundUp = 2;
    private const int RoundTruncated = 3;
    private const int RoundCurrent = 4;
    private const int RoundQuietly = 8;

    private void ConvertFormat(in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        Xmm a = UseXmm(op.A);
        Xmm d = ResultXmm(op.D);
        if (size == FloatSize.Double)
        {
            _asm.VConvertFloat(size, d, a, a);
        }
        else
        {
            // The box comes from a register of ones.
            Xmm ones = d != a ? d : TakeXmm();
            _asm.Vector(SseInteger.Pcmpeqd, ones, ones);
            _asm.VConvertFloat(size, d, ones, a);
        }

        FinishRounded(op, d, size);
    }

    private void FromInteger(in IrOp op)
    {
        FloatSize size = SizeOfFloat(op.Type);
        if (op.Detail == IrOp.Unsigned64)
        {
            FromUnsigned64(op, size);
            return;
        }

        Rm a;
        OperandSize from = OperandSize.Qword;
        switch ((IrType)op.Detail)
        {
            case IrType.S32:
                a = UseRm(op.A);
                from = OperandSize.Dword;
                break;
            case IrType.U32:
                Gpr extended = TakeGpr();
                Fetch(extended, op.A, OperandSize.Dword);
                a = extended;
                break;
            default:
                a = UseRm(op.A);
                break;
        }

        Xmm d = ResultXmm(op.D);
        FillAbove(d, size);
        _asm.ConvertFromInteger(size, d, from, a);
        FinishXmm(op.D, d);
    }

    private void FromUnsigned64(in IrOp op, FloatSize size)
    {
        if (_hasAvx512)
        {
            Rm integer = UseRm(op.A);
            Xmm converted = ResultXmm(op.D);
            FillAbove(converted, size);
            _asm.VConvertFromUnsigned(size, converted, converted, OperandSize.Qword, integer);
            FinishXmm(op.D, converted);
            return;
        }

        Gpr a = TakeGpr(), other = TakeGpr();
        Fetch(a, op.A);
        Xmm d = ResultXmm(op.D);
        FillAbove(d, size);
        Label cold = _asm.NewLabel();
        _asm.Test(OperandSize.Qword, a, a);
        _asm.JccLong(Cc.Sign, cold);
        _asm.ConvertFromInteger(size, d, OperandSize.Qword, a);
        AddFloatCold(new FloatCold { Kind = FloatColdKind.FromU64, Entry = cold, Back = Here(), Size = size, D = d, T = a, U = other });
        FinishXmm(op.D, d);
    }

    /// <summary>Breaks the dependency on what the register held, and boxes a binary32 that will be written to its low part.</summary>
    private void FillAbove(Xmm d, FloatSize size)
    {
        if (size == FloatSize.Single) _asm.Vector(SseInteger.Pcmpeqd, d, d);
        else _asm.Logic(SseLogic.Xor, d, d);
    }

    private void ToInteger(in IrOp op, int mode)
    {
        FloatSize size = SizeOfFloat(op.Type);
        bool hasInstruction = mode is RoundCurrent or RoundTruncated;
        FloatCold cold = new() { Entry = _asm.NewLabel(), Size = size, Truncate = mode != RoundCurrent, A = UseXmmRm(op.A) };
        if (op.Detail is IrOp.Unsigned64 or (byte)IrType.U32)
        {
            if (_hasAvx512 && hasInstruction) ToUnsignedAtOnce(op, ref cold);
            else ToUnsigned(op, mode, ref cold);
        }
        else if (!hasInstruction)
        {
            ToSignedBy(op, mode, ref cold);
        }
        else
        {
            OperandSize to = op.Detail == (byte)IrType.S32 ? OperandSize.Dword : OperandSize.Qword;
            cold.Kind = op.Detail == (byte)IrType.S32 ? FloatColdKind.ToS32 : FloatColdKind.ToI64;
            cold.T = Target(op.D);
            ToSigned(cold.Truncate, size, to, cold.T, cold.A);

            // Less one overflows for the smallest integer only, which stands for all that does not fit.
            _asm.Alu(AluOp.Cmp, to, cold.T, 1);
            _asm.JccLong(Cc.Overflow, cold.Entry);
        }

        cold.Back = Here();
        AddFloatCold(cold);
        Finish(op.D, cold.T, op.Detail == (byte)IrType.S32 ? IrType.S32 : IrType.I64);
    }

    /// <summary>With AVX-512. The greatest integer stands for all that does not fit, which raised invalid.</summary>
    private void ToUnsignedAtOnce(in IrOp op, ref FloatCold cold)
    {
        bool isWord = op.Detail == (byte)IrType.U32;
        OperandSize to = isWord ? OperandSize.Dword : OperandSize.Qword;
        cold.Kind = isWord ? FloatColdKind.SaturatedU32 : FloatColdKind.SaturatedU64;
        cold.T = Target(op.D);
        if (cold.Truncate) _asm.VTruncateToUnsigned(cold.Size, to, cold.T, cold.A);
        else _asm.VConvertToUnsigned(cold.Size, to, cold.T, cold.A);
        _asm.Alu(AluOp.Cmp, to, cold.T, -1);
        _asm.JccLong(Cc.Equal, cold.Entry);
    }

    /// <summary>
    /// Before AVX-512 the instructions know signed integers only, and raise inexact where invalid is right. So the number is rounded first, which raises nothing; if its exponent (with
    /// the sign above it) is that of an unsigned integer that fits, the number itself is converted, which raises inexact.
    /// </summary>
    private void ToUnsigned(in IrOp op, int mode, ref FloatCold cold)
    {
        bool isWord = op.Detail == (byte)IrType.U32;
        cold.Kind = isWord ? FloatColdKind.ToU32 : FloatColdKind.ToU64;
        cold.D = TakeXmm();
        cold.T = Target(op.D);
        (int fraction, int bias) = cold.Size == FloatSize.Single ? (23, 127) : (52, 1023);
        _asm.Round(cold.Size, cold.D, cold.A, RoundQuietly | mode);
        LoadBits(cold.T, cold.D, cold.Size);
        _asm.Shift(ShiftOp.Shr, BitsOf(cold.Size), cold.T, fraction);
        _asm.Alu(AluOp.Cmp, OperandSize.Dword, cold.T, bias + (isWord ? 32 : 63));
        _asm.JccLong(Cc.AboveOrEqual, cold.Entry);
        ToSigned(cold.Truncate, cold.Size, OperandSize.Qword, cold.T, cold.A);
        if (mode is not (RoundCurrent or RoundTruncated)) _asm.TruncateToInteger(cold.Size, OperandSize.Qword, cold.T, cold.D);
    }

    /// <summary>
    /// By a mode that is neither the current one nor towards zero: the number is rounded first, which raises nothing, and the integer that this gives is converted. That
    /// cannot be inexact, so that the number itself is converted too.
    /// </summary>
    private void ToSignedBy(in IrOp op, int mode, ref FloatCold cold)
    {
        cold.D = TakeXmm();
        cold.T = Target(op.D);
        cold.U = TakeGpr();
        _asm.Round(cold.Size, cold.D, cold.A, RoundQuietly | mode);
        _asm.TruncateToInteger(cold.Size, OperandSize.Qword, cold.T, cold.D);
        if (op.Detail == (byte)IrType.S32)
        {
            cold.Kind = FloatColdKind.ToS32;
            cold.Raises = true;
            _asm.Movsxd(cold.U, cold.T);
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, cold.U, cold.T);
            _asm.JccLong(Cc.NotEqual, cold.Entry);
        }
        else
        {
            cold.Kind = FloatColdKind.ToI64;
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, cold.T, 1);
            _asm.JccLong(Cc.Overflow, cold.Entry);
        }

        _asm.TruncateToInteger(cold.Size, OperandSize.Qword, cold.U, cold.A);
    }

    private void ToSigned(bool truncate, FloatSize size, OperandSize to, Gpr d, XmmRm a)
    {
        if (truncate) _asm.TruncateToInteger(size, to, d, a);
        else _asm.ConvertToInteger(size, to, d, a);
    }
}
