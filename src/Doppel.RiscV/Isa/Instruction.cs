namespace Doppel.RiscV.Isa;

/// <summary>
/// One decoded instruction. Register fields hold the encoded numbers 0–31; which file they name (x or f) the row of <see cref="Op"/> tells.
/// Compressed instructions are decoded into the operation that they expand to, with <see cref="Length"/> 2.
/// </summary>
/// <param name="Op">The operation; <see cref="Isa.Op.Illegal"/> for what no row matches.</param>
/// <param name="Rd">Destination register.</param>
/// <param name="Rs1">First source register; the immediate of <c>csrrwi</c> and its like.</param>
/// <param name="Rs2">Second source register.</param>
/// <param name="Rs3">Third source register (fused multiply-add).</param>
/// <param name="Rm">Rounding mode field of floating-point instructions; <c>aq</c> (bit 1) and <c>rl</c> (bit 0) of atomic ones.</param>
/// <param name="Length">Bytes: 2 or 4.</param>
/// <param name="Imm">Sign-extended immediate; shift amount; CSR number; branch and jump offset in bytes; upper immediate already shifted left by 12.
/// The raw bits of an illegal instruction.</param>
public readonly record struct Instruction(Op Op, byte Rd, byte Rs1, byte Rs2, byte Rs3, byte Rm, byte Length, int Imm);
