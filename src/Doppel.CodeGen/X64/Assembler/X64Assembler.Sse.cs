namespace Doppel.CodeGen.X64.Assembler;

/// <summary>SSE and SSE2, and what is said to be later. Scalar operations keep the upper part of the destination where nothing else is said.</summary>
internal sealed partial class X64Assembler
{
    // Moves.

    /// <summary>movss, movsd: from a register it keeps the upper part, from memory it clears it.</summary>
    public void MovScalar(FloatSize size, Xmm d, XmmRm s) => Encode(Scalar(size) | 0x10, (uint)d, s.Bits, s.Displacement);

    public void MovScalar(FloatSize size, Mem d, Xmm s) => Encode(Scalar(size) | 0x11, (uint)s, d.Bits, d.Displacement);

    /// <summary>128 bits; memory is aligned.</summary>
    public void Movaps(Xmm d, XmmRm s) => Encode(Map0F | 0x28, (uint)d, s.Bits, s.Displacement);

    public void Movaps(Mem d, Xmm s) => Encode(Map0F | 0x29, (uint)s, d.Bits, d.Displacement);

    public void Movups(Xmm d, XmmRm s) => Encode(Map0F | 0x10, (uint)d, s.Bits, s.Displacement);

    public void Movups(Mem d, Xmm s) => Encode(Map0F | 0x11, (uint)s, d.Bits, d.Displacement);

    /// <summary>The low 64 bits; clears the others.</summary>
    public void Movq(Xmm d, XmmRm s) => Encode(PF3 | Map0F | 0x7E, (uint)d, s.Bits, s.Displacement);

    public void Movq(Mem d, Xmm s) => Encode(P66 | Map0F | 0xD6, (uint)s, d.Bits, d.Displacement);

    /// <summary>movd, movq from an integer register or memory: 32 or 64 bits, the rest of d is cleared.</summary>
    public void MovToXmm(OperandSize size, Xmm d, Rm s) => Encode(P66 | Map0F | WideIf(size) | 0x6E, (uint)d, s.Bits, s.Displacement);

    /// <summary>movd, movq to an integer register or memory: 32 (zero-extended) or 64 bits.</summary>
    public void MovFromXmm(OperandSize size, Rm d, Xmm s) => Encode(P66 | Map0F | WideIf(size) | 0x7E, (uint)s, d.Bits, d.Displacement);

    // Arithmetic.

    public void Arith(SseOp op, FloatSize size, Xmm d, XmmRm s) => Encode(Scalar(size) | (uint)op, (uint)d, s.Bits, s.Displacement);

    /// <summary>Any NaN raises invalid.</summary>
    public void Comis(FloatSize size, Xmm a, XmmRm b) => Encode(Packed(size) | 0x2F, (uint)a, b.Bits, b.Displacement);

    /// <summary>Only a signalling NaN raises invalid.</summary>
    public void Ucomis(FloatSize size, Xmm a, XmmRm b) => Encode(Packed(size) | 0x2E, (uint)a, b.Bits, b.Displacement);

    /// <summary>cmpss, cmpsd: all ones or zeros in the low part.</summary>
    public void Compare(SseCompare predicate, FloatSize size, Xmm d, XmmRm s)
    {
        Encode(Scalar(size) | 0xC2, (uint)d, s.Bits, s.Displacement);
        Imm8((int)predicate);
    }

    /// <summary>SSE4.1: roundss, roundsd. The mode: 0–3 as in MXCSR's rounding control, 4 the current one; plus 8 not to raise inexact.</summary>
    public void Round(FloatSize size, Xmm d, XmmRm s, int mode)
    {
        Encode(P66 | Map0F3A | (size == FloatSize.Single ? 0x0Au : 0x0B), (uint)d, s.Bits, s.Displacement);
        Imm8(mode);
    }

    // Conversions.

    /// <summary>cvtsi2ss, cvtsi2sd; the integer has 32 or 64 bits.</summary>
    public void ConvertFromInteger(FloatSize size, Xmm d, OperandSize from, Rm s) => Encode(Scalar(size) | WideIf(from) | 0x2A, (uint)d, s.Bits, s.Displacement);

    /// <summary>cvtss2si, cvtsd2si: by the current rounding mode; all that does not fit gives the smallest integer.</summary>
    public void ConvertToInteger(FloatSize size, OperandSize to, Gpr d, XmmRm s) => Encode(Scalar(size) | WideIf(to) | 0x2D, (uint)d, s.Bits, s.Displacement);

    /// <summary>cvttss2si, cvttsd2si: towards zero.</summary>
    public void TruncateToInteger(FloatSize size, OperandSize to, Gpr d, XmmRm s) => Encode(Scalar(size) | WideIf(to) | 0x2C, (uint)d, s.Bits, s.Displacement);

    /// <summary>cvtss2sd (to double), cvtsd2ss (to single).</summary>
    public void ConvertFloat(FloatSize to, Xmm d, XmmRm s) => Encode((to == FloatSize.Double ? PF3 : PF2) | Map0F | 0x5A, (uint)d, s.Bits, s.Displacement);

    // 128 bits.

    /// <summary>andps and the like; memory is aligned.</summary>
    public void Logic(SseLogic op, Xmm d, XmmRm s) => Encode(Map0F | (uint)op, (uint)d, s.Bits, s.Displacement);

    /// <summary>Memory is aligned.</summary>
    public void Vector(SseInteger op, Xmm d, XmmRm s) => Encode(P66 | Map0F | (uint)op, (uint)d, s.Bits, s.Displacement);

    /// <summary>Each 64-bit half, zeros come in.</summary>
    public void Psllq(Xmm d, int count) => VectorShift(0x73, 6, d, count);

    /// <summary>As <see cref="Psllq"/>.</summary>
    public void Psrlq(Xmm d, int count) => VectorShift(0x73, 2, d, count);

    /// <summary>Each 32-bit quarter.</summary>
    public void Pslld(Xmm d, int count) => VectorShift(0x72, 6, d, count);

    public void Psrld(Xmm d, int count) => VectorShift(0x72, 2, d, count);

    public void Psrad(Xmm d, int count) => VectorShift(0x72, 4, d, count);

    public void Pshufd(Xmm d, XmmRm s, int order)
    {
        Encode(P66 | Map0F | 0x70, (uint)d, s.Bits, s.Displacement);
        Imm8(order);
    }

    /// <summary>SSE4.1: bit n of the mask takes the 32-bit quarter n from s.</summary>
    public void Blendps(Xmm d, XmmRm s, int mask)
    {
        Encode(P66 | Map0F3A | 0x0C, (uint)d, s.Bits, s.Displacement);
        Imm8(mask);
    }

    /// <summary>PCLMULQDQ: the product, without carries, of one half of d and one of s; bit 0 of the choice takes d's high half, bit 4 that of s.</summary>
    public void Pclmulqdq(Xmm d, XmmRm s, int choice)
    {
        Encode(P66 | Map0F3A | 0x44, (uint)d, s.Bits, s.Displacement);
        Imm8(choice);
    }

    // The control and status word.

    public void Ldmxcsr(Mem s) => Encode(Map0F | 0xAE, 2, s.Bits, s.Displacement);

    public void Stmxcsr(Mem d) => Encode(Map0F | 0xAE, 3, d.Bits, d.Displacement);

    private static uint Scalar(FloatSize size) => (size == FloatSize.Single ? PF3 : PF2) | Map0F;

    private static uint Packed(FloatSize size) => (size == FloatSize.Single ? 0 : P66) | Map0F;

    private void VectorShift(uint opcode, uint extension, Xmm d, int count)
    {
        Encode(P66 | Map0F | opcode, extension, (uint)d, 0);
        Imm8(count);
    }
}
