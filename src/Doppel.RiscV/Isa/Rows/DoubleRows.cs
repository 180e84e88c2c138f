// D 2.2: RISC-V Unprivileged ISA, chapter d-st-ext.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Double-precision floating point.</summary>
internal static class DoubleRows
{
    private const string Memory = "d-st-ext: Double-Precision Load and Store Instructions";
    private const string Computation = "d-st-ext: Double-Precision Floating-Point Computational Instructions";
    private const string Conversion = "d-st-ext: Double-Precision Floating-Point Conversion and Move Instructions";
    private const string Comparison = "d-st-ext: Double-Precision Floating-Point Compare Instructions";
    private const string Classification = "d-st-ext: Double-Precision Floating-Point Classify Instruction";

    public static readonly InstructionRow[] All =
    [
        new(Op.Fld, "fld", "iiiiiiiiiiii sssss 011 DDDDD 0000111", Format.Load, Extension.D, Memory),
        new(Op.Fsd, "fsd", "iiiiiii TTTTT sssss 011 iiiii 0100111", Format.Store, Extension.D, Memory),

        new(Op.FaddD, "fadd.d", "0000001 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.D, Computation),
        new(Op.FsubD, "fsub.d", "0000101 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.D, Computation),
        new(Op.FmulD, "fmul.d", "0001001 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.D, Computation),
        new(Op.FdivD, "fdiv.d", "0001101 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.D, Computation),
        new(Op.FsqrtD, "fsqrt.d", "0101101 00000 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Computation),
        new(Op.FminD, "fmin.d", "0010101 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.D, Computation),
        new(Op.FmaxD, "fmax.d", "0010101 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.D, Computation),
        new(Op.FmaddD, "fmadd.d", "UUUUU 01 TTTTT SSSSS mmm DDDDD 1000011", Format.Fused, Extension.D, Computation),
        new(Op.FmsubD, "fmsub.d", "UUUUU 01 TTTTT SSSSS mmm DDDDD 1000111", Format.Fused, Extension.D, Computation),
        new(Op.FnmsubD, "fnmsub.d", "UUUUU 01 TTTTT SSSSS mmm DDDDD 1001011", Format.Fused, Extension.D, Computation),
        new(Op.FnmaddD, "fnmadd.d", "UUUUU 01 TTTTT SSSSS mmm DDDDD 1001111", Format.Fused, Extension.D, Computation),

        new(Op.FcvtWD, "fcvt.w.d", "1100001 00000 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtWuD, "fcvt.wu.d", "1100001 00001 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtLD, "fcvt.l.d", "1100001 00010 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtLuD, "fcvt.lu.d", "1100001 00011 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtDW, "fcvt.d.w", "1101001 00000 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtDWu, "fcvt.d.wu", "1101001 00001 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtDL, "fcvt.d.l", "1101001 00010 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtDLu, "fcvt.d.lu", "1101001 00011 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtSD, "fcvt.s.d", "0100000 00001 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FcvtDS, "fcvt.d.s", "0100001 00000 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.D, Conversion),
        new(Op.FsgnjD, "fsgnj.d", "0010001 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.D, Conversion),
        new(Op.FsgnjnD, "fsgnjn.d", "0010001 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.D, Conversion),
        new(Op.FsgnjxD, "fsgnjx.d", "0010001 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.D, Conversion),
        new(Op.FmvXD, "fmv.x.d", "1110001 00000 SSSSS 000 ddddd 1010011", Format.Unary, Extension.D, Conversion),
        new(Op.FmvDX, "fmv.d.x", "1111001 00000 sssss 000 DDDDD 1010011", Format.Unary, Extension.D, Conversion),

        new(Op.FeqD, "feq.d", "1010001 TTTTT SSSSS 010 ddddd 1010011", Format.R, Extension.D, Comparison),
        new(Op.FltD, "flt.d", "1010001 TTTTT SSSSS 001 ddddd 1010011", Format.R, Extension.D, Comparison),
        new(Op.FleD, "fle.d", "1010001 TTTTT SSSSS 000 ddddd 1010011", Format.R, Extension.D, Comparison),

        new(Op.FclassD, "fclass.d", "1110001 00000 SSSSS 001 ddddd 1010011", Format.Unary, Extension.D, Classification),
    ];
}
