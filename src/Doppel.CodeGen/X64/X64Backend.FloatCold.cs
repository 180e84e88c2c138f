using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>What floating-point operations do with rare operands.</summary>
public sealed partial class X64Backend
{
    private FloatCold[] _floatCold = new FloatCold[64];
    private int _floatColdCount;

    private void AddFloatCold(in FloatCold cold)
    {
        if (_floatColdCount == _floatCold.Length) Array.Resize(ref _floatCold, 2 * _floatColdCount);
        _floatCold[_floatColdCount++] = cold;
    }

    private void WriteFloatCold()
    {
        for (int i = 0; i < _floatColdCount; i++)
        {
            ref readonly FloatCold cold = ref _floatCold[i];
            _asm.Bind(cold.Entry);
            switch (cold.Kind)
            {
                case FloatColdKind.Canonical: break;
                case FloatColdKind.Fused: RaiseProductsInvalid(cold); break;
                case FloatColdKind.Min: ChooseAmongEqualsOrNaNs(cold, SseLogic.Or); continue;
                case FloatColdKind.Max: ChooseAmongEqualsOrNaNs(cold, SseLogic.And); continue;
                case FloatColdKind.ToS32: Saturate(cold, int.MaxValue, int.MinValue); continue;
                case FloatColdKind.ToI64: Saturate(cold, long.MaxValue, long.MinValue); continue;
                case FloatColdKind.SaturatedU32: Saturate(cold, uint.MaxValue, uint.MinValue); continue;
                case FloatColdKind.SaturatedU64: Saturate(cold, -1, 0); continue;
                case FloatColdKind.ToU32: SaturateByExponent(cold, uint.MaxValue); continue;
                case FloatColdKind.ToU64: SaturateByExponent(cold, -1); continue;
                default: FromUnsigned(cold); continue;
            }

            LoadCanonical(cold.D, cold.Size);
            _asm.Jmp(cold.Back);
        }
    }

    private void LoadCanonical(Xmm d, FloatSize size)
    {
        _asm.Movq(d, Mem.Rip());
        UsesConstant(CanonicalNaN(size));
    }

    /// <summary>
    /// Infinity times zero is invalid whatever is added; x86 leaves that out if the addend is a quiet NaN (Intel 64 and IA-32 Architectures Software Developer's Manual,
    /// volume 1, 14.5.3). The product alone may raise more than the sum did, which is taken back.
    /// </summary>
    private void RaiseProductsInvalid(in FloatCold cold)
    {
        Label done = _asm.NewLabel();
        Mem control = _homes.Frame(FrameSlot.GuestFloatControl);
        if (cold.A.IsMemory) _asm.Movq(cold.D, cold.A);
        else _asm.Movaps(cold.D, cold.A);
        _asm.Ucomis(cold.Size, cold.D, cold.B);
        _asm.JccShort(Cc.Parity, done);
        _asm.Stmxcsr(control);
        _asm.Arith(SseOp.Mul, cold.Size, cold.D, cold.B);
        _asm.Ucomis(cold.Size, cold.D, cold.D);
        _asm.JccShort(Cc.Parity, done);
        _asm.Ldmxcsr(control);
        _asm.Bind(done);
    }

    /// <summary>The flags are those of an unordered comparison of A and B. Equal ones differ by their signs at most: −0 is less than +0.</summary>
    private void ChooseAmongEqualsOrNaNs(in FloatCold cold, SseLogic signs)
    {
        Label nan = _asm.NewLabel(), second = _asm.NewLabel(), both = _asm.NewLabel();
        Xmm a = cold.A.Register, b = cold.B.Register;
        _asm.JccShort(Cc.Parity, nan);
        _asm.VLogic(signs, cold.D, a, b);
        _asm.Jmp(cold.Back);
        _asm.Bind(nan);
        _asm.Ucomis(cold.Size, a, a);
        _asm.JccShort(Cc.Parity, second);
        if (cold.D != a) _asm.Movaps(cold.D, a);
        _asm.Jmp(cold.Back);
        _asm.Bind(second);
        _asm.Ucomis(cold.Size, b, b);
        _asm.JccShort(Cc.Parity, both);
        if (cold.D != b) _asm.Movaps(cold.D, b);
        _asm.Jmp(cold.Back);
        _asm.Bind(both);
        LoadCanonical(cold.D, cold.Size);
        _asm.Jmp(cold.Back);
    }

    /// <summary>
    /// The instruction gave the integer that stands for all that does not fit, and raised invalid unless that is right. Great numbers and NaNs become the greatest: those whose bits, as a signed
    /// integer, are not at most those of −∞.
    /// </summary>
    private void Saturate(in FloatCold cold, long greatest, long smallest)
    {
        if (cold.Raises) RaiseInvalid(cold);
        LoadBits(cold.T, cold.A, cold.Size);
        if (cold.Size == FloatSize.Single)
        {
            _asm.Alu(AluOp.Cmp, OperandSize.Dword, cold.T, -1 << 23);
        }
        else
        {
            // −0 does not come here, so that there is no overflow.
            _asm.Alu(AluOp.Sub, OperandSize.Qword, cold.T, 1);
            _asm.Shift(ShiftOp.Sar, OperandSize.Qword, cold.T, 52);
            _asm.Alu(AluOp.Cmp, OperandSize.Qword, cold.T, -2);
        }

        _asm.MovConstant(cold.T, greatest);
        _asm.Jcc(Cc.Greater, cold.Back);
        _asm.MovConstant(cold.T, smallest);
        _asm.Jmp(cold.Back);
    }

    private void SaturateByExponent(in FloatCold cold, long greatest)
    {
        (int fraction, int sign) = cold.Size == FloatSize.Single ? (23, 1 << 8) : (52, 1 << 11);
        Label positive = _asm.NewLabel(), fits = _asm.NewLabel(), tooGreat = _asm.NewLabel();
        _asm.Ucomis(cold.Size, cold.D, cold.D);
        _asm.JccShort(Cc.Parity, tooGreat);
        _asm.Test(OperandSize.Dword, cold.T, sign);
        _asm.JccShort(Cc.Equal, positive);

        // Negative: rounded to −0 it is 0, perhaps inexact; else it does not fit.
        LoadBits(cold.T, cold.D, cold.Size);
        _asm.Alu(AluOp.Add, BitsOf(cold.Size), cold.T, cold.T);
        _asm.JccShort(Cc.Equal, fits);
        RaiseInvalid(cold);
        _asm.MovConstant(cold.T, 0);
        _asm.Jmp(cold.Back);
        _asm.Bind(fits);
        ToSigned(cold.Truncate, cold.Size, OperandSize.Qword, cold.T, cold.A);
        _asm.Jmp(cold.Back);

        _asm.Bind(positive);
        if (cold.Kind == FloatColdKind.ToU64)
        {
            // From 2⁶³ to 2⁶⁴: the fraction, with the leading one, is all of it.
            _asm.Alu(AluOp.Cmp, OperandSize.Dword, cold.T, sign / 2 - 1 + 63);
            _asm.JccShort(Cc.NotEqual, tooGreat);
            LoadBits(cold.T, cold.D, cold.Size);
            _asm.Shift(ShiftOp.Shl, OperandSize.Qword, cold.T, 63 - fraction);
            _asm.Bit(BitOp.Bts, OperandSize.Qword, cold.T, 63);
            _asm.Jmp(cold.Back);
        }

        _asm.Bind(tooGreat);
        RaiseInvalid(cold);
        _asm.MovConstant(cold.T, greatest);
        _asm.Jmp(cold.Back);
    }

    /// <summary>Raises invalid and nothing else, by converting a quiet NaN.</summary>
    private void RaiseInvalid(in FloatCold cold)
    {
        _asm.Vector(SseInteger.Pcmpeqd, cold.D, cold.D);
        _asm.TruncateToInteger(FloatSize.Double, OperandSize.Dword, cold.T, cold.D);
    }

    /// <summary>Half of it, its last bit kept sticky, is converted, and doubled, which is exact.</summary>
    private void FromUnsigned(in FloatCold cold)
    {
        _asm.Mov(OperandSize.Dword, cold.U, cold.T);
        _asm.Alu(AluOp.And, OperandSize.Dword, cold.U, 1);
        _asm.Shift(ShiftOp.Shr, OperandSize.Qword, cold.T, 1);
        _asm.Alu(AluOp.Or, OperandSize.Qword, cold.T, cold.U);
        _asm.ConvertFromInteger(cold.Size, cold.D, OperandSize.Qword, cold.T);
        _asm.Arith(SseOp.Add, cold.Size, cold.D, cold.D);
        _asm.Jmp(cold.Back);
    }

    private void LoadBits(Gpr d, XmmRm s, FloatSize size)
    {
        if (s.IsRegister) _asm.MovFromXmm(BitsOf(size), d, s.Register);
        else _asm.Mov(BitsOf(size), d, s.Memory);
    }
}
