// RV64I 2.1, Zifencei 2.0, Zihintpause 2.0: RISC-V Unprivileged ISA.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>The base integer instruction set.</summary>
internal static class BaseRows
{
    private const string Immediate = "rv32: Integer Register-Immediate Instructions";
    private const string Upper = "rv32: Integer Register-Immediate Instructions (upper immediate)";
    private const string Register = "rv32: Integer Register-Register Operations";
    private const string Jump = "rv32: Unconditional Jumps";
    private const string Branch = "rv32: Conditional Branches";
    private const string Memory = "rv32: Load and Store Instructions; rv64: Load and Store Instructions";
    private const string Word = "rv64: Integer Computational Instructions";
    private const string Ordering = "rv32: Memory Ordering Instructions; zifencei; zihintpause";
    private const string Environment = "rv32: Environment Call and Breakpoints";

    public static readonly InstructionRow[] All =
    [
        new(Op.Addi, "addi", "iiiiiiiiiiii sssss 000 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Slti, "slti", "iiiiiiiiiiii sssss 010 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Sltiu, "sltiu", "iiiiiiiiiiii sssss 011 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Xori, "xori", "iiiiiiiiiiii sssss 100 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Ori, "ori", "iiiiiiiiiiii sssss 110 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Andi, "andi", "iiiiiiiiiiii sssss 111 ddddd 0010011", Format.I, Extension.I, Immediate),
        new(Op.Slli, "slli", "000000 iiiiii sssss 001 ddddd 0010011", Format.Shift, Extension.I, Immediate),
        new(Op.Srli, "srli", "000000 iiiiii sssss 101 ddddd 0010011", Format.Shift, Extension.I, Immediate),
        new(Op.Srai, "srai", "010000 iiiiii sssss 101 ddddd 0010011", Format.Shift, Extension.I, Immediate),

        new(Op.Lui, "lui", "iiiiiiiiiiiiiiiiiiii ddddd 0110111", Format.Upper, Extension.I, Upper),
        new(Op.Auipc, "auipc", "iiiiiiiiiiiiiiiiiiii ddddd 0010111", Format.Upper, Extension.I, Upper),

        new(Op.Add, "add", "0000000 ttttt sssss 000 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Sub, "sub", "0100000 ttttt sssss 000 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Sll, "sll", "0000000 ttttt sssss 001 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Slt, "slt", "0000000 ttttt sssss 010 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Sltu, "sltu", "0000000 ttttt sssss 011 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Xor, "xor", "0000000 ttttt sssss 100 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Srl, "srl", "0000000 ttttt sssss 101 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Sra, "sra", "0100000 ttttt sssss 101 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.Or, "or", "0000000 ttttt sssss 110 ddddd 0110011", Format.R, Extension.I, Register),
        new(Op.And, "and", "0000000 ttttt sssss 111 ddddd 0110011", Format.R, Extension.I, Register),

        new(Op.Jal, "jal", "iiiiiiiiiiiiiiiiiiii ddddd 1101111", Format.Jump, Extension.I, Jump),
        new(Op.Jalr, "jalr", "iiiiiiiiiiii sssss 000 ddddd 1100111", Format.Load, Extension.I, Jump),

        new(Op.Beq, "beq", "iiiiiii ttttt sssss 000 iiiii 1100011", Format.Branch, Extension.I, Branch),
        new(Op.Bne, "bne", "iiiiiii ttttt sssss 001 iiiii 1100011", Format.Branch, Extension.I, Branch),
        new(Op.Blt, "blt", "iiiiiii ttttt sssss 100 iiiii 1100011", Format.Branch, Extension.I, Branch),
        new(Op.Bge, "bge", "iiiiiii ttttt sssss 101 iiiii 1100011", Format.Branch, Extension.I, Branch),
        new(Op.Bltu, "bltu", "iiiiiii ttttt sssss 110 iiiii 1100011", Format.Branch, Extension.I, Branch),
        new(Op.Bgeu, "bgeu", "iiiiiii ttttt sssss 111 iiiii 1100011", Format.Branch, Extension.I, Branch),

        new(Op.Lb, "lb", "iiiiiiiiiiii sssss 000 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Lh, "lh", "iiiiiiiiiiii sssss 001 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Lw, "lw", "iiiiiiiiiiii sssss 010 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Ld, "ld", "iiiiiiiiiiii sssss 011 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Lbu, "lbu", "iiiiiiiiiiii sssss 100 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Lhu, "lhu", "iiiiiiiiiiii sssss 101 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Lwu, "lwu", "iiiiiiiiiiii sssss 110 ddddd 0000011", Format.Load, Extension.I, Memory),
        new(Op.Sb, "sb", "iiiiiii ttttt sssss 000 iiiii 0100011", Format.Store, Extension.I, Memory),
        new(Op.Sh, "sh", "iiiiiii ttttt sssss 001 iiiii 0100011", Format.Store, Extension.I, Memory),
        new(Op.Sw, "sw", "iiiiiii ttttt sssss 010 iiiii 0100011", Format.Store, Extension.I, Memory),
        new(Op.Sd, "sd", "iiiiiii ttttt sssss 011 iiiii 0100011", Format.Store, Extension.I, Memory),

        new(Op.Addiw, "addiw", "iiiiiiiiiiii sssss 000 ddddd 0011011", Format.I, Extension.I, Word),
        new(Op.Slliw, "slliw", "0000000 iiiii sssss 001 ddddd 0011011", Format.ShiftWord, Extension.I, Word),
        new(Op.Srliw, "srliw", "0000000 iiiii sssss 101 ddddd 0011011", Format.ShiftWord, Extension.I, Word),
        new(Op.Sraiw, "sraiw", "0100000 iiiii sssss 101 ddddd 0011011", Format.ShiftWord, Extension.I, Word),
        new(Op.Addw, "addw", "0000000 ttttt sssss 000 ddddd 0111011", Format.R, Extension.I, Word),
        new(Op.Subw, "subw", "0100000 ttttt sssss 000 ddddd 0111011", Format.R, Extension.I, Word),
        new(Op.Sllw, "sllw", "0000000 ttttt sssss 001 ddddd 0111011", Format.R, Extension.I, Word),
        new(Op.Srlw, "srlw", "0000000 ttttt sssss 101 ddddd 0111011", Format.R, Extension.I, Word),
        new(Op.Sraw, "sraw", "0100000 ttttt sssss 101 ddddd 0111011", Format.R, Extension.I, Word),

        new(Op.Fence, "fence", "iiiiiiiiiiii ----- 000 ----- 0001111", Format.Fence, Extension.I, Ordering),
        new(Op.Pause, "pause", "000000010000 00000 000 00000 0001111", Format.None, Extension.Zihintpause, Ordering),
        new(Op.FenceI, "fence.i", "------------ ----- 001 ----- 0001111", Format.None, Extension.Zifencei, Ordering),

        new(Op.Ecall, "ecall", "000000000000 00000 000 00000 1110011", Format.None, Extension.I, Environment),
        new(Op.Ebreak, "ebreak", "000000000001 00000 000 00000 1110011", Format.None, Extension.I, Environment),
    ];
}
