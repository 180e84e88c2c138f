// F 2.2: RISC-V Unprivileged ISA, chapter f-st-ext.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Single-precision floating point.</summary>
internal static class FloatRows
{
    private const string Memory = "f-st-ext: Single-Precision Load and Store Instructions";
    private const string Computation = "f-st-ext: Single-Precision Floating-Point Computational Instructions";
    private const string Conversion = "f-st-ext: Single-Precision Floating-Point Conversion and Move Instructions";
    private const string Comparison = "f-st-ext: Single-Precision Floating-Point Compare Instructions";
    private const string Classification = "f-st-ext: Single-Precision Floating-Point Classify Instruction";

    public static readonly InstructionRow[] All =
    [
        new(Op.Flw, "flw", "iiiiiiiiiiii sssss 010 DDDDD 0000111", Format.Load, Extension.F, Memory),
        new(Op.Fsw, "fsw", "iiiiiii TTTTT sssss 010 iiiii 0100111", Format.Store, Extension.F, Memory),

        new(Op.FaddS, "fadd.s", "0000000 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.F, Computation),
        new(Op.FsubS, "fsub.s", "0000100 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.F, Computation),
        new(Op.FmulS, "fmul.s", "0001000 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.F, Computation),
        new(Op.FdivS, "fdiv.s", "0001100 TTTTT SSSSS mmm DDDDD 1010011", Format.Rounded, Extension.F, Computation),
        new(Op.FsqrtS, "fsqrt.s", "0101100 00000 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.F, Computation),
        new(Op.FminS, "fmin.s", "0010100 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.F, Computation),
        new(Op.FmaxS, "fmax.s", "0010100 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.F, Computation),
        new(Op.FmaddS, "fmadd.s", "UUUUU 00 TTTTT SSSSS mmm DDDDD 1000011", Format.Fused, Extension.F, Computation),
        new(Op.FmsubS, "fmsub.s", "UUUUU 00 TTTTT SSSSS mmm DDDDD 1000111", Format.Fused, Extension.F, Computation),
        new(Op.FnmsubS, "fnmsub.s", "UUUUU 00 TTTTT SSSSS mmm DDDDD 1001011", Format.Fused, Extension.F, Computation),
        new(Op.FnmaddS, "fnmadd.s", "UUUUU 00 TTTTT SSSSS mmm DDDDD 1001111", Format.Fused, Extension.F, Computation),

        new(Op.FcvtWS, "fcvt.w.s", "1100000 00000 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtWuS, "fcvt.wu.s", "1100000 00001 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtLS, "fcvt.l.s", "1100000 00010 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtLuS, "fcvt.lu.s", "1100000 00011 SSSSS mmm ddddd 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtSW, "fcvt.s.w", "1101000 00000 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtSWu, "fcvt.s.wu", "1101000 00001 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtSL, "fcvt.s.l", "1101000 00010 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FcvtSLu, "fcvt.s.lu", "1101000 00011 sssss mmm DDDDD 1010011", Format.UnaryRounded, Extension.F, Conversion),
        new(Op.FsgnjS, "fsgnj.s", "0010000 TTTTT SSSSS 000 DDDDD 1010011", Format.R, Extension.F, Conversion),
        new(Op.FsgnjnS, "fsgnjn.s", "0010000 TTTTT SSSSS 001 DDDDD 1010011", Format.R, Extension.F, Conversion),
        new(Op.FsgnjxS, "fsgnjx.s", "0010000 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.F, Conversion),
        new(Op.FmvXW, "fmv.x.w", "1110000 00000 SSSSS 000 ddddd 1010011", Format.Unary, Extension.F, Conversion),
        new(Op.FmvWX, "fmv.w.x", "1111000 00000 sssss 000 DDDDD 1010011", Format.Unary, Extension.F, Conversion),

        new(Op.FeqS, "feq.s", "1010000 TTTTT SSSSS 010 ddddd 1010011", Format.R, Extension.F, Comparison),
        new(Op.FltS, "flt.s", "1010000 TTTTT SSSSS 001 ddddd 1010011", Format.R, Extension.F, Comparison),
        new(Op.FleS, "fle.s", "1010000 TTTTT SSSSS 000 ddddd 1010011", Format.R, Extension.F, Comparison),

        new(Op.FclassS, "fclass.s", "1110000 00000 SSSSS 001 ddddd 1010011", Format.Unary, Extension.F, Classification),
    ];
}
