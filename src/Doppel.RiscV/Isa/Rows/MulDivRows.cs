// M 2.0: RISC-V Unprivileged ISA, chapter m-st-ext.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Integer multiplication and division.</summary>
internal static class MulDivRows
{
    private const string Mul = "m-st-ext: Multiplication Operations";
    private const string Div = "m-st-ext: Division Operations";

    public static readonly InstructionRow[] All =
    [
        new(Op.Mul, "mul", "0000001 ttttt sssss 000 ddddd 0110011", Format.R, Extension.M, Mul),
        new(Op.Mulh, "mulh", "0000001 ttttt sssss 001 ddddd 0110011", Format.R, Extension.M, Mul),
        new(Op.Mulhsu, "mulhsu", "0000001 ttttt sssss 010 ddddd 0110011", Format.R, Extension.M, Mul),
        new(Op.Mulhu, "mulhu", "0000001 ttttt sssss 011 ddddd 0110011", Format.R, Extension.M, Mul),
        new(Op.Mulw, "mulw", "0000001 ttttt sssss 000 ddddd 0111011", Format.R, Extension.M, Mul),

        new(Op.Div, "div", "0000001 ttttt sssss 100 ddddd 0110011", Format.R, Extension.M, Div),
        new(Op.Divu, "divu", "0000001 ttttt sssss 101 ddddd 0110011", Format.R, Extension.M, Div),
        new(Op.Rem, "rem", "0000001 ttttt sssss 110 ddddd 0110011", Format.R, Extension.M, Div),
        new(Op.Remu, "remu", "0000001 ttttt sssss 111 ddddd 0110011", Format.R, Extension.M, Div),
        new(Op.Divw, "divw", "0000001 ttttt sssss 100 ddddd 0111011", Format.R, Extension.M, Div),
        new(Op.Divuw, "divuw", "0000001 ttttt sssss 101 ddddd 0111011", Format.R, Extension.M, Div),
        new(Op.Remw, "remw", "0000001 ttttt sssss 110 ddddd 0111011", Format.R, Extension.M, Div),
        new(Op.Remuw, "remuw", "0000001 ttttt sssss 111 ddddd 0111011", Format.R, Extension.M, Div),
    ];
}
