// Zicsr 2.0: RISC-V Unprivileged ISA, chapter zicsr.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Control and status register instructions.</summary>
internal static class CsrRows
{
    private const string Access = "zicsr: CSR Instructions";

    public static readonly InstructionRow[] All =
    [
        new(Op.Csrrw, "csrrw", "iiiiiiiiiiii sssss 001 ddddd 1110011", Format.Csr, Extension.Zicsr, Access),
        new(Op.Csrrs, "csrrs", "iiiiiiiiiiii sssss 010 ddddd 1110011", Format.Csr, Extension.Zicsr, Access),
        new(Op.Csrrc, "csrrc", "iiiiiiiiiiii sssss 011 ddddd 1110011", Format.Csr, Extension.Zicsr, Access),
        new(Op.Csrrwi, "csrrwi", "iiiiiiiiiiii zzzzz 101 ddddd 1110011", Format.CsrNumber, Extension.Zicsr, Access),
        new(Op.Csrrsi, "csrrsi", "iiiiiiiiiiii zzzzz 110 ddddd 1110011", Format.CsrNumber, Extension.Zicsr, Access),
        new(Op.Csrrci, "csrrci", "iiiiiiiiiiii zzzzz 111 ddddd 1110011", Format.CsrNumber, Extension.Zicsr, Access),
    ];
}
