using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.X64.Assembler;

/// <summary>AVX-512F, scalar: no masks, registers 0 to 15.</summary>
internal sealed partial class X64Assembler
{
    /// <summary>vcvtusi2ss, vcvtusi2sd: the low part converted, the rest of a; the integer has 32 or 64 bits.</summary>
    public void VConvertFromUnsigned(FloatSize size, Xmm d, Xmm a, OperandSize from, Rm b) =>
        EncodeEvex(Scalar(size) | WideIf(from) | 0x7B, (uint)d, (uint)a, b.Bits, b.Displacement, (int)from);

    /// <summary>vcvtss2usi, vcvtsd2usi: by the current rounding mode; all that does not fit gives the greatest integer, and raises invalid.</summary>
    public void VConvertToUnsigned(FloatSize size, OperandSize to, Gpr d, XmmRm s) =>
        EncodeEvex(Scalar(size) | WideIf(to) | 0x79, (uint)d, 0, s.Bits, s.Displacement, UnitOf(size));

    /// <summary>vcvttss2usi, vcvttsd2usi: towards zero.</summary>
    public void VTruncateToUnsigned(FloatSize size, OperandSize to, Gpr d, XmmRm s) =>
        EncodeEvex(Scalar(size) | WideIf(to) | 0x78, (uint)d, 0, s.Bits, s.Displacement, UnitOf(size));

    private static int UnitOf(FloatSize size) => size == FloatSize.Single ? 2 : 3;

    /// <summary>EVEX, opcode, ModRM, SIB and displacement. What VEX does not have stays unused: masks, broadcasts, registers above 15.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EncodeEvex(uint op, uint reg, uint second, uint rm, int displacement, int unit)
    {
        const uint NoUpperRegister = 0x10, Present = 4, NoUpperSecond = 8;
        Reserve();
        uint inverted = (~reg & 8) << 4 | (~rm & 0x80) >> 1 | (~rm & 8) << 2;
        ulong bytes = 0x62 | (inverted | NoUpperRegister | op >> 8 & 3) << 8
            | (ulong)((op >> WShift & 1) << 7 | (~second & 15) << 3 | Present | op >> PrefixShift & 3) << 16
            | (ulong)NoUpperSecond << 24 | (ulong)(op & 0xFF) << 32;
        Finish(_buffer.AsSpan(_position, Slack), bytes, 40, reg, rm, displacement, unit);
    }
}
