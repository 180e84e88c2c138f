// Zfa 1.0: RISC-V Unprivileged ISA, chapter zfa; without the moves that only RV32 or Q have (fmvh.x.d, fmvp.d.x).
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Additional floating-point instructions.</summary>
internal static class ZfaRows
{
    private const string Constant = "zfa: Load-Immediate Instructions";
    private const string MinMax = "zfa: Minimum and Maximum Instructions";
    private const string Round = "zfa: Round-to-Integer Instructions";
    private const string Modular = "zfa: Modular Convert-to-Integer Instruction";
    private const string Comparison = "zfa: Comparison Instructions";

    public static readonly InstructionRow[] All =
    [
        new(Op.FliS, "fli.s", "1111000 00001 zzzzz 000 DDDDD 1010011", Format.Constant, Extension.Zfa, Constant),
        new(Op.FliD, "fli.d", "1111001 00001 zzzzz 000 DDDDD 1010011", Format.Constant, Extension.Zfa, Constant) { And = Extension.D },
        new(Op.FliH, "fli.h", "1111010 00001 zzzzz 000 DDDDD 1010011", Format.Constant, Extension.Zfa, Constant) { And = Extension.Zfh },

        new(Op.FminmS, "fminm.s", "0010100 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.Zfa, MinMax),
        new(Op.FmaxmS, "fmaxm.s", "0010100 TTTTT SSSSS 011 DDDDD 1010011", Format.R, Extension.Zfa, MinMax),
        new(Op.FminmD, "fminm.d", "0010101 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.Zfa, MinMax) { And = Extension.D },
        new(Op.FmaxmD, "fmaxm.d", "0010101 TTTTT SSSSS 011 DDDDD 1010011", Format.R, Extension.Zfa, MinMax) { And = Extension.D },
        new(Op.FminmH, "fminm.h", "0010110 TTTTT SSSSS 010 DDDDD 1010011", Format.R, Extension.Zfa, MinMax) { And = Extension.Zfh },
        new(Op.FmaxmH, "fmaxm.h", "0010110 TTTTT SSSSS 011 DDDDD 1010011", Format.R, Extension.Zfa, MinMax) { And = Extension.Zfh },

        new(Op.FroundS, "fround.s", "0100000 00100 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round),
        new(Op.FroundnxS, "froundnx.s", "0100000 00101 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round),
        new(Op.FroundD, "fround.d", "0100001 00100 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round) { And = Extension.D },
        new(Op.FroundnxD, "froundnx.d", "0100001 00101 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round) { And = Extension.D },
        new(Op.FroundH, "fround.h", "0100010 00100 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round) { And = Extension.Zfh },
        new(Op.FroundnxH, "froundnx.h", "0100010 00101 SSSSS mmm DDDDD 1010011", Format.UnaryRounded, Extension.Zfa, Round) { And = Extension.Zfh },

        new(Op.FcvtmodWD, "fcvtmod.w.d", "1100001 01000 SSSSS 001 ddddd 1010011", Format.Unary, Extension.Zfa, Modular) { And = Extension.D },

        new(Op.FleqS, "fleq.s", "1010000 TTTTT SSSSS 100 ddddd 1010011", Format.R, Extension.Zfa, Comparison),
        new(Op.FltqS, "fltq.s", "1010000 TTTTT SSSSS 101 ddddd 1010011", Format.R, Extension.Zfa, Comparison),
        new(Op.FleqD, "fleq.d", "1010001 TTTTT SSSSS 100 ddddd 1010011", Format.R, Extension.Zfa, Comparison) { And = Extension.D },
        new(Op.FltqD, "fltq.d", "1010001 TTTTT SSSSS 101 ddddd 1010011", Format.R, Extension.Zfa, Comparison) { And = Extension.D },
        new(Op.FleqH, "fleq.h", "1010010 TTTTT SSSSS 100 ddddd 1010011", Format.R, Extension.Zfa, Comparison) { And = Extension.Zfh },
        new(Op.FltqH, "fltq.h", "1010010 TTTTT SSSSS 101 ddddd 1010011", Format.R, Extension.Zfa, Comparison) { And = Extension.Zfh },
    ];
}
