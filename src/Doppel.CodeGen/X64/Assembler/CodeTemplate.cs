namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Instructions that are written again and again (<see cref="X64Assembler.Repeat"/>).</summary>
/// <param name="Code">They, in <see cref="Room"/> bytes.</param>
/// <param name="Length">Their own length.</param>
/// <param name="Displacement">Where in them the displacement of a jump is, 32 bits.</param>
internal sealed record CodeTemplate(byte[] Code, int Length, int Displacement)
{
    public const int Room = 64;
}
