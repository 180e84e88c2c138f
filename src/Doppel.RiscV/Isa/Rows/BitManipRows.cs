// Zba, Zbb, Zbc, Zbs 1.0, Zbkb 1.0, Zicond 1.0: RISC-V Unprivileged ISA.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Bit manipulation and conditional operations.</summary>
internal static class BitManipRows
{
    private const string Address = "b-st-ext: Zba, Address generation";
    private const string Basic = "b-st-ext: Zbb, Basic bit-manipulation";
    private const string Carryless = "b-st-ext: Zbc, Carry-less multiplication";
    private const string Single = "b-st-ext: Zbs, Single-bit instructions";
    private const string Crypto = "b-st-ext: Zbkb, Bit-manipulation for Cryptography";
    private const string Conditional = "zicond: Instructions";

    public static readonly InstructionRow[] All =
    [
        new(Op.AddUw, "add.uw", "0000100 ttttt sssss 000 ddddd 0111011", Format.R, Extension.Zba, Address),
        new(Op.Sh1add, "sh1add", "0010000 ttttt sssss 010 ddddd 0110011", Format.R, Extension.Zba, Address),
        new(Op.Sh2add, "sh2add", "0010000 ttttt sssss 100 ddddd 0110011", Format.R, Extension.Zba, Address),
        new(Op.Sh3add, "sh3add", "0010000 ttttt sssss 110 ddddd 0110011", Format.R, Extension.Zba, Address),
        new(Op.Sh1addUw, "sh1add.uw", "0010000 ttttt sssss 010 ddddd 0111011", Format.R, Extension.Zba, Address),
        new(Op.Sh2addUw, "sh2add.uw", "0010000 ttttt sssss 100 ddddd 0111011", Format.R, Extension.Zba, Address),
        new(Op.Sh3addUw, "sh3add.uw", "0010000 ttttt sssss 110 ddddd 0111011", Format.R, Extension.Zba, Address),
        new(Op.SlliUw, "slli.uw", "000010 iiiiii sssss 001 ddddd 0011011", Format.Shift, Extension.Zba, Address),

        new(Op.Andn, "andn", "0100000 ttttt sssss 111 ddddd 0110011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Orn, "orn", "0100000 ttttt sssss 110 ddddd 0110011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Xnor, "xnor", "0100000 ttttt sssss 100 ddddd 0110011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Clz, "clz", "0110000 00000 sssss 001 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Ctz, "ctz", "0110000 00001 sssss 001 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Cpop, "cpop", "0110000 00010 sssss 001 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.SextB, "sext.b", "0110000 00100 sssss 001 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.SextH, "sext.h", "0110000 00101 sssss 001 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Clzw, "clzw", "0110000 00000 sssss 001 ddddd 0011011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Ctzw, "ctzw", "0110000 00001 sssss 001 ddddd 0011011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Cpopw, "cpopw", "0110000 00010 sssss 001 ddddd 0011011", Format.Unary, Extension.Zbb, Basic),
        new(Op.ZextH, "zext.h", "0000100 00000 sssss 100 ddddd 0111011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Max, "max", "0000101 ttttt sssss 110 ddddd 0110011", Format.R, Extension.Zbb, Basic),
        new(Op.Maxu, "maxu", "0000101 ttttt sssss 111 ddddd 0110011", Format.R, Extension.Zbb, Basic),
        new(Op.Min, "min", "0000101 ttttt sssss 100 ddddd 0110011", Format.R, Extension.Zbb, Basic),
        new(Op.Minu, "minu", "0000101 ttttt sssss 101 ddddd 0110011", Format.R, Extension.Zbb, Basic),
        new(Op.Rol, "rol", "0110000 ttttt sssss 001 ddddd 0110011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Rolw, "rolw", "0110000 ttttt sssss 001 ddddd 0111011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Ror, "ror", "0110000 ttttt sssss 101 ddddd 0110011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Rorw, "rorw", "0110000 ttttt sssss 101 ddddd 0111011", Format.R, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Rori, "rori", "011000 iiiiii sssss 101 ddddd 0010011", Format.Shift, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.Roriw, "roriw", "0110000 iiiii sssss 101 ddddd 0011011", Format.ShiftWord, Extension.Zbb, Basic) { Or = Extension.Zbkb },
        new(Op.OrcB, "orc.b", "001010000111 sssss 101 ddddd 0010011", Format.Unary, Extension.Zbb, Basic),
        new(Op.Rev8, "rev8", "011010111000 sssss 101 ddddd 0010011", Format.Unary, Extension.Zbb, Basic) { Or = Extension.Zbkb },

        new(Op.Clmul, "clmul", "0000101 ttttt sssss 001 ddddd 0110011", Format.R, Extension.Zbc, Carryless),
        new(Op.Clmulr, "clmulr", "0000101 ttttt sssss 010 ddddd 0110011", Format.R, Extension.Zbc, Carryless),
        new(Op.Clmulh, "clmulh", "0000101 ttttt sssss 011 ddddd 0110011", Format.R, Extension.Zbc, Carryless),

        new(Op.Bclr, "bclr", "0100100 ttttt sssss 001 ddddd 0110011", Format.R, Extension.Zbs, Single),
        new(Op.Bclri, "bclri", "010010 iiiiii sssss 001 ddddd 0010011", Format.Shift, Extension.Zbs, Single),
        new(Op.Bext, "bext", "0100100 ttttt sssss 101 ddddd 0110011", Format.R, Extension.Zbs, Single),
        new(Op.Bexti, "bexti", "010010 iiiiii sssss 101 ddddd 0010011", Format.Shift, Extension.Zbs, Single),
        new(Op.Binv, "binv", "0110100 ttttt sssss 001 ddddd 0110011", Format.R, Extension.Zbs, Single),
        new(Op.Binvi, "binvi", "011010 iiiiii sssss 001 ddddd 0010011", Format.Shift, Extension.Zbs, Single),
        new(Op.Bset, "bset", "0010100 ttttt sssss 001 ddddd 0110011", Format.R, Extension.Zbs, Single),
        new(Op.Bseti, "bseti", "001010 iiiiii sssss 001 ddddd 0010011", Format.Shift, Extension.Zbs, Single),

        new(Op.Pack, "pack", "0000100 ttttt sssss 100 ddddd 0110011", Format.R, Extension.Zbkb, Crypto),
        new(Op.Packh, "packh", "0000100 ttttt sssss 111 ddddd 0110011", Format.R, Extension.Zbkb, Crypto),
        new(Op.Packw, "packw", "0000100 ttttt sssss 100 ddddd 0111011", Format.R, Extension.Zbkb, Crypto),
        new(Op.Brev8, "brev8", "011010000111 sssss 101 ddddd 0010011", Format.Unary, Extension.Zbkb, Crypto),

        new(Op.CzeroEqz, "czero.eqz", "0000111 ttttt sssss 101 ddddd 0110011", Format.R, Extension.Zicond, Conditional),
        new(Op.CzeroNez, "czero.nez", "0000111 ttttt sssss 111 ddddd 0110011", Format.R, Extension.Zicond, Conditional),
    ];
}
