// Zfh 1.0: RISC-V Unprivileged ISA, chapter zfh.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Half-precision floating point.</summary>
internal static class HalfRows
{
    private const string Memory = "zfh: Half-Precision Load and Store Instructions";
    private const string Computation = "zfh: Half-Precision Computational Instructions";
    private const string Conversion = "zfh: Half-Precision Conversion and Move Instructions";
    private const string Comparison = "zfh: Half-Precision Floating-Point Compare Instructions";
    private const string Classification = "zfh: Half-Precision Floating-Point Classify Instruction";

    public static readonly InstructionRow[] All =
    [
        new(Op.Flh, "flh", "iiiiiiiiiiii sssss 001 DDDDD 0000111", Format.Load, Extension.Zfh, Memory),
        new(Op.Fsh, "fsh", "iiiiiii TTTTT sssss 001 iiiii 0100111", Format.Store, Extension.Zfh, Memory),

        new(Op.FaddH, "fadd.h", "0000010 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.Zfh, Computation),
        new(Op.FsubH, "fsub.h", "0000110 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.Zfh, Computation),
        new(Op.FmulH, "fmul.h", "0001010 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.Zfh, Computation),
        new(Op.FdivH, "fdiv.h", "0001110 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.Zfh, Computation),
        new(Op.FsqrtH, "fsqrt.h", "0101110 00000 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Computation),
        new(Op.FminH, "fmin.h", "0010110 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.Zfh, Computation),
        new(Op.FmaxH, "fmax.h", "0010110 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.Zfh, Computation),
        new(Op.FmaddH, "fmadd.h", "UUUUU 10 TTTTT SSSSS mmm DDDDD 1000011", Format.Fused, Extension.Zfh, Computation),
        new(Op.FmsubH, "fmsub.h", "UUUUU 10 TTTTT SSSSS mmm DDDDD 1000111", Format.Fused, Extension.Zfh, Computation),
        new(Op.FnmsubH, "fnmsub.h", "UUUUU 10 TTTTT SSSSS mmm DDDDD 1001011", Format.Fused, Extension.Zfh, Computation),
        new(Op.FnmaddH, "fnmadd.h", "UUUUU 10 TTTTT SSSSS mmm DDDDD 1001111", Format.Fused, Extension.Zfh, Computation),

        new(Op.FcvtWH, "fcvt.w.h", "1100010 00000 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtWuH, "fcvt.wu.h", "1100010 00001 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtLH, "fcvt.l.h", "1100010 00010 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtLuH, "fcvt.lu.h", "1100010 00011 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtHW, "fcvt.h.w", "1101010 00000 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtHWu, "fcvt.h.wu", "1101010 00001 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtHL, "fcvt.h.l", "1101010 00010 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtHLu, "fcvt.h.lu", "1101010 00011 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtSH, "fcvt.s.h", "0100000 00010 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtHS, "fcvt.h.s", "0100010 00000 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion),
        new(Op.FcvtDH, "fcvt.d.h", "0100001 00010 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion) { And = Extension.D },
        new(Op.FcvtHD, "fcvt.h.d", "0100010 00001 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfh, Conversion) { And = Extension.D },
        new(Op.FsgnjH, "fsgnj.h", "0010010 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.Zfh, Conversion),
        new(Op.FsgnjnH, "fsgnjn.h", "0010010 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.Zfh, Conversion),
        new(Op.FsgnjxH, "fsgnjx.h", "0010010 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.Zfh, Conversion),
        new(Op.FmvXH, "fmv.x.h", "1110010 00000 SSSSS 000 ddddd 1010011", Format.Unary, Extension.Zfh, Conversion),
        new(Op.FmvHX, "fmv.h.x", "1111010 00000 sssss 000 DDDDD 1010011", Format.Unary, Extension.Zfh, Conversion),

        new(Op.FeqH, "feq.h", "1010010 TTTTT SSSSS 010 ddddd 1010011", Format.R, Extension.Zfh, Comparison),
        new(Op.FltH, "flt.h", "1010010 TTTTT SSSSS 001 ddddd 1010011", Format.R, Extension.Zfh, Comparison),
        new(Op.FleH, "fle.h", "1010010 TTTTT SSSSS 000 ddddd 1010011", Format.R, Extension.Zfh, Comparison),

        new(Op.FclassH, "fclass.h", "1110010 00000 SSSSS 001 ddddd 1010011", Format.Unary, Extension.Zfh, Classification),
    ];
}
