// C 2.0 (RV64: Zca, Zcd), Zcb 1.0: RISC-V Unprivileged ISA, chapters c-st-ext and zc. HINTs need no rows: what they expand to does nothing.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Compressed instructions, each with the operation that it expands to.</summary>
internal static class CompressedRows
{
    private const string Stack = "c-st-ext: Stack-Pointer-Based Loads and Stores";
    private const string Memory = "c-st-ext: Register-Based Loads and Stores";
    private const string Control = "c-st-ext: Control Transfer Instructions";
    private const string Immediate = "c-st-ext: Integer Constant-Generation and Register-Immediate Instructions";
    private const string Register = "c-st-ext: Integer Register-Register Operations";
    private const string Breakpoint = "c-st-ext: Breakpoint Instruction";
    private const string Zcb = "zc: Zcb";

    public static readonly InstructionRow[] All =
    [
        new(Op.Lw, "c.lwsp", "010 i ddddd iiiii 10", Format.CompressedStackLoadWord, Extension.C, Stack) { ImpliedRs1 = 2 },
        new(Op.Illegal, "c.reserved", "010 - 00000 ----- 10", Format.None, Extension.C, Stack),
        new(Op.Ld, "c.ldsp", "011 i ddddd iiiii 10", Format.CompressedStackLoadDouble, Extension.C, Stack) { ImpliedRs1 = 2 },
        new(Op.Illegal, "c.reserved", "011 - 00000 ----- 10", Format.None, Extension.C, Stack),
        new(Op.Fld, "c.fldsp", "001 i DDDDD iiiii 10", Format.CompressedStackLoadDouble, Extension.C, Stack) { ImpliedRs1 = 2, And = Extension.D },
        new(Op.Sw, "c.swsp", "110 iiiiii ttttt 10", Format.CompressedStackStoreWord, Extension.C, Stack) { ImpliedRs1 = 2 },
        new(Op.Sd, "c.sdsp", "111 iiiiii ttttt 10", Format.CompressedStackStoreDouble, Extension.C, Stack) { ImpliedRs1 = 2 },
        new(Op.Fsd, "c.fsdsp", "101 iiiiii TTTTT 10", Format.CompressedStackStoreDouble, Extension.C, Stack) { ImpliedRs1 = 2, And = Extension.D },

        new(Op.Lw, "c.lw", "010 iii sss ii ddd 00", Format.CompressedLoadWord, Extension.C, Memory),
        new(Op.Ld, "c.ld", "011 iii sss ii ddd 00", Format.CompressedLoadDouble, Extension.C, Memory),
        new(Op.Fld, "c.fld", "001 iii sss ii DDD 00", Format.CompressedLoadDouble, Extension.C, Memory) { And = Extension.D },
        new(Op.Sw, "c.sw", "110 iii sss ii ttt 00", Format.CompressedStoreWord, Extension.C, Memory),
        new(Op.Sd, "c.sd", "111 iii sss ii ttt 00", Format.CompressedStoreDouble, Extension.C, Memory),
        new(Op.Fsd, "c.fsd", "101 iii sss ii TTT 00", Format.CompressedStoreDouble, Extension.C, Memory) { And = Extension.D },

        new(Op.Jal, "c.j", "101 iiiiiiiiiii 01", Format.CompressedJump, Extension.C, Control),
        new(Op.Jalr, "c.jr", "100 0 sssss 00000 10", Format.CompressedS, Extension.C, Control),
        new(Op.Illegal, "c.reserved", "100 0 00000 00000 10", Format.None, Extension.C, Control),
        new(Op.Jalr, "c.jalr", "100 1 sssss 00000 10", Format.CompressedS, Extension.C, Control) { ImpliedRd = 1 },
        new(Op.Beq, "c.beqz", "110 iii sss iiiii 01", Format.CompressedBranch, Extension.C, Control),
        new(Op.Bne, "c.bnez", "111 iii sss iiiii 01", Format.CompressedBranch, Extension.C, Control),

        new(Op.Addi, "c.li", "010 i ddddd iiiii 01", Format.CompressedI, Extension.C, Immediate),
        new(Op.Lui, "c.lui", "011 i ddddd iiiii 01", Format.CompressedUpper, Extension.C, Immediate),
        new(Op.Illegal, "c.reserved", "011 0 ----- 00000 01", Format.None, Extension.C, Immediate),
        new(Op.Addi, "c.nop", "000 0 00000 00000 01", Format.None, Extension.C, Immediate),
        new(Op.Addi, "c.addi", "000 i bbbbb iiiii 01", Format.CompressedI, Extension.C, Immediate),
        new(Op.Addiw, "c.addiw", "001 i bbbbb iiiii 01", Format.CompressedI, Extension.C, Immediate),
        new(Op.Illegal, "c.reserved", "001 - 00000 ----- 01", Format.None, Extension.C, Immediate),
        new(Op.Addi, "c.addi16sp", "011 i 00010 iiiii 01", Format.CompressedStackAdjust, Extension.C, Immediate) { ImpliedRd = 2, ImpliedRs1 = 2 },
        new(Op.Illegal, "c.reserved", "011 0 00010 00000 01", Format.None, Extension.C, Immediate),
        new(Op.Addi, "c.addi4spn", "000 iiiiiiii ddd 00", Format.CompressedStackAddress, Extension.C, Immediate) { ImpliedRs1 = 2 },
        new(Op.Illegal, "c.reserved", "000 00000000 --- 00", Format.None, Extension.C, Immediate),
        new(Op.Slli, "c.slli", "000 i bbbbb iiiii 10", Format.CompressedShift, Extension.C, Immediate),
        new(Op.Srli, "c.srli", "100 i 00 bbb iiiii 01", Format.CompressedShift, Extension.C, Immediate),
        new(Op.Srai, "c.srai", "100 i 01 bbb iiiii 01", Format.CompressedShift, Extension.C, Immediate),
        new(Op.Andi, "c.andi", "100 i 10 bbb iiiii 01", Format.CompressedI, Extension.C, Immediate),

        new(Op.Add, "c.mv", "100 0 ddddd ttttt 10", Format.CompressedR, Extension.C, Register),
        new(Op.Add, "c.add", "100 1 bbbbb ttttt 10", Format.CompressedR, Extension.C, Register),
        new(Op.Sub, "c.sub", "100 0 11 bbb 00 ttt 01", Format.CompressedR, Extension.C, Register),
        new(Op.Xor, "c.xor", "100 0 11 bbb 01 ttt 01", Format.CompressedR, Extension.C, Register),
        new(Op.Or, "c.or", "100 0 11 bbb 10 ttt 01", Format.CompressedR, Extension.C, Register),
        new(Op.And, "c.and", "100 0 11 bbb 11 ttt 01", Format.CompressedR, Extension.C, Register),
        new(Op.Subw, "c.subw", "100 1 11 bbb 00 ttt 01", Format.CompressedR, Extension.C, Register),
        new(Op.Addw, "c.addw", "100 1 11 bbb 01 ttt 01", Format.CompressedR, Extension.C, Register),

        new(Op.Ebreak, "c.ebreak", "100 1 00000 00000 10", Format.None, Extension.C, Breakpoint),

        new(Op.Lbu, "c.lbu", "100 000 sss ii ddd 00", Format.CompressedLoadByte, Extension.Zcb, Zcb),
        new(Op.Lhu, "c.lhu", "100 001 sss 0 i ddd 00", Format.CompressedLoadHalf, Extension.Zcb, Zcb),
        new(Op.Lh, "c.lh", "100 001 sss 1 i ddd 00", Format.CompressedLoadHalf, Extension.Zcb, Zcb),
        new(Op.Sb, "c.sb", "100 010 sss ii ttt 00", Format.CompressedStoreByte, Extension.Zcb, Zcb),
        new(Op.Sh, "c.sh", "100 011 sss 0 i ttt 00", Format.CompressedStoreHalf, Extension.Zcb, Zcb),
        new(Op.Andi, "c.zext.b", "100 1 11 bbb 11 000 01", Format.CompressedD, Extension.Zcb, Zcb) { ImpliedImmediate = 255 },
        new(Op.SextB, "c.sext.b", "100 1 11 bbb 11 001 01", Format.CompressedD, Extension.Zcb, Zcb) { And = Extension.Zbb },
        new(Op.ZextH, "c.zext.h", "100 1 11 bbb 11 010 01", Format.CompressedD, Extension.Zcb, Zcb) { And = Extension.Zbb },
        new(Op.SextH, "c.sext.h", "100 1 11 bbb 11 011 01", Format.CompressedD, Extension.Zcb, Zcb) { And = Extension.Zbb },
        new(Op.AddUw, "c.zext.w", "100 1 11 bbb 11 100 01", Format.CompressedD, Extension.Zcb, Zcb) { And = Extension.Zba },
        new(Op.Xori, "c.not", "100 1 11 bbb 11 101 01", Format.CompressedD, Extension.Zcb, Zcb) { ImpliedImmediate = -1 },
        new(Op.Mul, "c.mul", "100 1 11 bbb 10 ttt 01", Format.CompressedR, Extension.Zcb, Zcb) { And = Extension.M },
    ];
}
