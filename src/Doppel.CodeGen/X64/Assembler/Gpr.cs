namespace Doppel.CodeGen.X64.Assembler;

/// <summary>General-purpose registers by their numbers in encodings.</summary>
internal enum Gpr : byte
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}
