// Machine and Supervisor ISA 1.13, Svinval 1.0: RISC-V Privileged Architecture.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Privileged instructions.</summary>
internal static class PrivilegedRows
{
    private const string Return = "machine: Trap-Return Instructions";
    private const string Wait = "machine: Wait for Interrupt";
    private const string Fence = "supervisor: Supervisor Memory-Management Fence Instruction";
    private const string Invalidate = "supervisor: Svinval, Fine-Grained Address-Translation Cache Invalidation";

    public static readonly InstructionRow[] All =
    [
        new(Op.Mret, "mret", "0011000 00010 00000 000 00000 1110011", Format.None, Extension.Privileged, Return),
        new(Op.Sret, "sret", "0001000 00010 00000 000 00000 1110011", Format.None, Extension.Privileged, Return),

        new(Op.Wfi, "wfi", "0001000 00101 00000 000 00000 1110011", Format.None, Extension.Privileged, Wait),

        new(Op.SfenceVma, "sfence.vma", "0001001 ttttt sssss 000 00000 1110011", Format.FenceVma, Extension.Privileged, Fence),

        new(Op.SinvalVma, "sinval.vma", "0001011 ttttt sssss 000 00000 1110011", Format.FenceVma, Extension.Svinval, Invalidate),
        new(Op.SfenceWInval, "sfence.w.inval", "0001100 00000 00000 000 00000 1110011", Format.None, Extension.Svinval, Invalidate),
        new(Op.SfenceInvalIr, "sfence.inval.ir", "0001100 00001 00000 000 00000 1110011", Format.None, Extension.Svinval, Invalidate),
    ];
}
