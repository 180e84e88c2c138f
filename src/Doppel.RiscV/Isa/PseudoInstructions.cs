// RISC-V Unprivileged ISA, chapter "Assembly Programmer's Handbook": the usual pseudo-instructions.
using System.Diagnostics.CodeAnalysis;

namespace Doppel.RiscV.Isa;

/// <summary>The shorter way that people write some instructions.</summary>
internal static class PseudoInstructions
{
    /// <summary>Writes the pseudo-instruction for an instruction, if it has one.</summary>
    public static bool TryFormat(in Instruction i, ulong pc, [NotNullWhen(true)] out string? text)
    {
        text = Integer(i) ?? Control(i, pc) ?? System(i) ?? Float(i);
        return text is not null;
    }

    private static string? Integer(in Instruction i) => i switch
    {
        { Op: Op.Addi, Rd: 0, Rs1: 0, Imm: 0 } => "nop",
        { Op: Op.Addi, Rs1: 0 } => $"li {X(i.Rd)},{i.Imm}",
        { Op: Op.Addi, Imm: 0 } or { Op: Op.Add, Rs1: 0 } => $"mv {X(i.Rd)},{X(i.Op == Op.Add ? i.Rs2 : i.Rs1)}",
        { Op: Op.Addiw, Imm: 0 } => $"sext.w {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.Xori, Imm: -1 } => $"not {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.Andi, Imm: 255 } => $"zext.b {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.AddUw, Rs2: 0 } => $"zext.w {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.Sub, Rs1: 0 } => $"neg {X(i.Rd)},{X(i.Rs2)}",
        { Op: Op.Subw, Rs1: 0 } => $"negw {X(i.Rd)},{X(i.Rs2)}",
        { Op: Op.Sltiu, Imm: 1 } => $"seqz {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.Sltu, Rs1: 0 } => $"snez {X(i.Rd)},{X(i.Rs2)}",
        { Op: Op.Slt, Rs2: 0 } => $"sltz {X(i.Rd)},{X(i.Rs1)}",
        { Op: Op.Slt, Rs1: 0 } => $"sgtz {X(i.Rd)},{X(i.Rs2)}",
        _ => null,
    };

    private static string? Control(in Instruction i, ulong pc) => i switch
    {
        { Op: Op.Beq, Rs2: 0 } => $"beqz {X(i.Rs1)},{To(i, pc)}",
        { Op: Op.Bne, Rs2: 0 } => $"bnez {X(i.Rs1)},{To(i, pc)}",
        { Op: Op.Bge, Rs1: 0 } => $"blez {X(i.Rs2)},{To(i, pc)}",
        { Op: Op.Bge, Rs2: 0 } => $"bgez {X(i.Rs1)},{To(i, pc)}",
        { Op: Op.Blt, Rs2: 0 } => $"bltz {X(i.Rs1)},{To(i, pc)}",
        { Op: Op.Blt, Rs1: 0 } => $"bgtz {X(i.Rs2)},{To(i, pc)}",
        { Op: Op.Jal, Rd: 0 } => $"j {To(i, pc)}",
        { Op: Op.Jal, Rd: 1 } => $"jal {To(i, pc)}",
        { Op: Op.Jalr, Rd: 0, Rs1: 1, Imm: 0 } => "ret",
        { Op: Op.Jalr, Rd: 0, Imm: 0 } => $"jr {X(i.Rs1)}",
        { Op: Op.Jalr, Rd: 0 } => $"jr {i.Imm}({X(i.Rs1)})",
        { Op: Op.Jalr, Rd: 1, Imm: 0 } => $"jalr {X(i.Rs1)}",
        { Op: Op.Jalr, Rd: 1 } => $"jalr {i.Imm}({X(i.Rs1)})",
        _ => null,
    };

    private static string? System(in Instruction i) => i switch
    {
        { Op: Op.Fence, Imm: 0x0ff } => "fence",
        { Op: Op.Fence, Imm: 0x833 } => "fence.tso",
        { Op: Op.SfenceVma, Rs1: 0, Rs2: 0 } => "sfence.vma",
        { Op: Op.SfenceVma, Rs2: 0 } => $"sfence.vma {X(i.Rs1)}",
        { Op: Op.Csrrw, Rd: 0, Rs1: 0, Imm: 0xc00 } => "unimp",
        { Op: Op.Csrrs, Rs1: 0, Imm: >= 0xc00 and <= 0xc02 } => $"rd{CsrNames.Of(i.Imm)} {X(i.Rd)}",
        { Op: Op.Csrrs, Rs1: 0 } => $"csrr {X(i.Rd)},{CsrNames.Of(i.Imm)}",
        { Op: Op.Csrrw, Rd: 0 } => $"csrw {CsrNames.Of(i.Imm)},{X(i.Rs1)}",
        { Op: Op.Csrrs, Rd: 0 } => $"csrs {CsrNames.Of(i.Imm)},{X(i.Rs1)}",
        { Op: Op.Csrrc, Rd: 0 } => $"csrc {CsrNames.Of(i.Imm)},{X(i.Rs1)}",
        { Op: Op.Csrrwi, Rd: 0 } => $"csrwi {CsrNames.Of(i.Imm)},{i.Rs1}",
        { Op: Op.Csrrsi, Rd: 0 } => $"csrsi {CsrNames.Of(i.Imm)},{i.Rs1}",
        { Op: Op.Csrrci, Rd: 0 } => $"csrci {CsrNames.Of(i.Imm)},{i.Rs1}",
        _ => null,
    };

    private static string? Float(in Instruction i)
    {
        if (i.Rs1 != i.Rs2) return null;
        string? name = i.Op switch
        {
            Op.FsgnjS => "fmv.s", Op.FsgnjD => "fmv.d", Op.FsgnjH => "fmv.h",
            Op.FsgnjnS => "fneg.s", Op.FsgnjnD => "fneg.d", Op.FsgnjnH => "fneg.h",
            Op.FsgnjxS => "fabs.s", Op.FsgnjxD => "fabs.d", Op.FsgnjxH => "fabs.h",
            _ => null,
        };
        return name is null ? null : $"{name} {Disassembler.F(i.Rd)},{Disassembler.F(i.Rs1)}";
    }

    private static string X(byte register) => Disassembler.X(register);

    private static string To(in Instruction instruction, ulong pc) => Disassembler.Target(instruction, pc);
}
