namespace Doppel.CodeGen.X64.Assembler;

/// <summary>AVX and FMA3, scalar and mostly of 128 bits: the first source is kept and gives the upper part of a scalar result; bits 255–128 of d are cleared.</summary>
internal sealed partial class X64Assembler
{
    public void VArith(SseOp op, FloatSize size, Xmm d, Xmm a, XmmRm b) => EncodeVex(Scalar(size) | (uint)op, (uint)d, (uint)a, b.Bits, b.Displacement);

    public void VLogic(SseLogic op, Xmm d, Xmm a, XmmRm b) => EncodeVex(Map0F | (uint)op, (uint)d, (uint)a, b.Bits, b.Displacement);

    public void VVector(SseInteger op, Xmm d, Xmm a, XmmRm b) => EncodeVex(P66 | Map0F | (uint)op, (uint)d, (uint)a, b.Bits, b.Displacement);

    /// <summary>vmovups, 256 bits.</summary>
    public void VMovups256(Mem d, Xmm s) => EncodeVex(Map0F | L | 0x11, (uint)s, 0, d.Bits, d.Displacement);

    /// <summary>The low part of b, the rest of a.</summary>
    public void VMovScalar(FloatSize size, Xmm d, Xmm a, Xmm b) => EncodeVex(Scalar(size) | 0x10, (uint)d, (uint)a, (uint)b, 0);

    /// <summary>The low part converted, the rest of a.</summary>
    public void VConvertFloat(FloatSize to, Xmm d, Xmm a, XmmRm b) =>
        EncodeVex((to == FloatSize.Double ? PF3 : PF2) | Map0F | 0x5A, (uint)d, (uint)a, b.Bits, b.Displacement);

    /// <summary>The low part converted, the rest of a.</summary>
    public void VConvertFromInteger(FloatSize size, Xmm d, Xmm a, OperandSize from, Rm b) =>
        EncodeVex(Scalar(size) | WideIf(from) | 0x2A, (uint)d, (uint)a, b.Bits, b.Displacement);

    public void VCompare(SseCompare predicate, FloatSize size, Xmm d, Xmm a, XmmRm b)
    {
        EncodeVex(Scalar(size) | 0xC2, (uint)d, (uint)a, b.Bits, b.Displacement);
        Imm8((int)predicate);
    }

    /// <summary>Each 32-bit quarter from b where the sign of the mask's is set, else from a.</summary>
    public void VBlendvps(Xmm d, Xmm a, XmmRm b, Xmm mask)
    {
        EncodeVex(P66 | Map0F3A | 0x4A, (uint)d, (uint)a, b.Bits, b.Displacement);
        Imm8((int)mask << 4);
    }

    /// <summary>FMA3: one rounding. The upper part of d is kept.</summary>
    public void Fma(FmaOp op, FmaOrder order, FloatSize size, Xmm d, Xmm second, XmmRm third) =>
        EncodeVex(P66 | Map0F38 | (size == FloatSize.Double ? W : 0) | ((uint)order + (uint)op), (uint)d, (uint)second, third.Bits, third.Displacement);
}
