// RISC-V Unprivileged ISA, chapter "Assembly Programmer's Handbook": the usual pseudo-instructions.
namespace Doppel.RiscV.Isa.Assembly;

/// <summary>Pseudo-instructions as templates: <c>$1 $2 $3</c> are the operands.</summary>
internal static class PseudoAssembler
{
    private static readonly Dictionary<(string Mnemonic, int Operands), string> Templates = new()
    {
        [("nop", 0)] = "addi x0,x0,0", [("mv", 2)] = "addi $1,$2,0", [("not", 2)] = "xori $1,$2,-1", [("neg", 2)] = "sub $1,x0,$2", [("negw", 2)] = "subw $1,x0,$2",
        [("sext.w", 2)] = "addiw $1,$2,0", [("zext.b", 2)] = "andi $1,$2,255", [("zext.w", 2)] = "add.uw $1,$2,x0",
        [("seqz", 2)] = "sltiu $1,$2,1", [("snez", 2)] = "sltu $1,x0,$2", [("sltz", 2)] = "slt $1,$2,x0", [("sgtz", 2)] = "slt $1,x0,$2",
        [("beqz", 2)] = "beq $1,x0,$2", [("bnez", 2)] = "bne $1,x0,$2", [("blez", 2)] = "bge x0,$1,$2", [("bgez", 2)] = "bge $1,x0,$2",
        [("bltz", 2)] = "blt $1,x0,$2", [("bgtz", 2)] = "blt x0,$1,$2",
        [("bgt", 3)] = "blt $2,$1,$3", [("ble", 3)] = "bge $2,$1,$3", [("bgtu", 3)] = "bltu $2,$1,$3", [("bleu", 3)] = "bgeu $2,$1,$3",
        [("j", 1)] = "jal x0,$1", [("jal", 1)] = "jal ra,$1", [("call", 1)] = "jal ra,$1", [("tail", 1)] = "jal x0,$1", [("ret", 0)] = "jalr x0,0(ra)",
        [("sfence.vma", 0)] = "sfence.vma x0,x0", [("sfence.vma", 1)] = "sfence.vma $1,x0", [("unimp", 0)] = "csrrw x0,cycle,x0",
        [("rdcycle", 1)] = "csrrs $1,cycle,x0", [("rdtime", 1)] = "csrrs $1,time,x0", [("rdinstret", 1)] = "csrrs $1,instret,x0",
        [("csrr", 2)] = "csrrs $1,$2,x0", [("csrw", 2)] = "csrrw x0,$1,$2", [("csrs", 2)] = "csrrs x0,$1,$2", [("csrc", 2)] = "csrrc x0,$1,$2",
        [("csrwi", 2)] = "csrrwi x0,$1,$2", [("csrsi", 2)] = "csrrsi x0,$1,$2", [("csrci", 2)] = "csrrci x0,$1,$2",
        [("frcsr", 1)] = "csrrs $1,fcsr,x0", [("fscsr", 1)] = "csrrw x0,fcsr,$1", [("frflags", 1)] = "csrrs $1,fflags,x0", [("fsflags", 1)] = "csrrw x0,fflags,$1",
        [("frrm", 1)] = "csrrs $1,frm,x0", [("fsrm", 1)] = "csrrw x0,frm,$1",
        [("fmv.s", 2)] = "fsgnj.s $1,$2,$2", [("fneg.s", 2)] = "fsgnjn.s $1,$2,$2", [("fabs.s", 2)] = "fsgnjx.s $1,$2,$2",
        [("fmv.d", 2)] = "fsgnj.d $1,$2,$2", [("fneg.d", 2)] = "fsgnjn.d $1,$2,$2", [("fabs.d", 2)] = "fsgnjx.d $1,$2,$2",
        [("fmv.h", 2)] = "fsgnj.h $1,$2,$2", [("fneg.h", 2)] = "fsgnjn.h $1,$2,$2", [("fabs.h", 2)] = "fsgnjx.h $1,$2,$2",
    };

    /// <returns>False if it is none: a real instruction then.</returns>
    public static bool TryAssemble(ProgramBuilder builder, string mnemonic, string operands)
    {
        string[] parts = operands.Length == 0 ? [] : operands.Split(',', StringSplitOptions.TrimEntries);
        switch (mnemonic, parts.Length)
        {
            case ("li", 2): builder.LoadImmediate(Integer(parts[0]), (ulong)Assembler.Number(parts[1])); return true;
            case ("la", 2): builder.LoadAddress(Integer(parts[0]), parts[1]); return true;
            case ("jr", 1): new OperandParser(builder, "jalr", "x0," + Indirect(parts[0])).Assemble(); return true;
            case ("jalr", 1): new OperandParser(builder, "jalr", "ra," + Indirect(parts[0])).Assemble(); return true;
            case ("fence.tso", 0): builder.Emit(Op.Fence, imm: 0x833); return true;
        }

        if (!Templates.TryGetValue((mnemonic, parts.Length), out string? template)) return false;
        for (int i = 0; i < parts.Length; i++) template = template.Replace($"${i + 1}", parts[i], StringComparison.Ordinal);
        string[] words = template.Split(' ', 2);
        new OperandParser(builder, words[0], words.Length > 1 ? words[1] : "").Assemble();
        return true;
    }

    private static string Indirect(string operand) => operand.Contains('(', StringComparison.Ordinal) ? operand : $"0({operand})";

    private static int Integer(string name) =>
        RegisterNames.TryParse(name, out OperandKind kind, out byte number) && kind == OperandKind.X ? number : throw new ArgumentException($"'{name}' is no integer register");
}
