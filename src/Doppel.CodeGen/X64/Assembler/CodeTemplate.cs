namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Instructions that are written again and again (<see cref="X64Assembler.Repeat"/>).</summary>
/// <param name="Code">They, and whatever it is that fills <see cref="Room"/>.</param>
/// <param name="Length">Their own length.</param>
/// <param name="Displacement">Where in them the displacement of a jump is, 32 bits.</param>
internal sealed record CodeTemplate(byte[] Code, int Length, int Displacement)
{
    /// <summary>So much is copied, whatever the length is: the length of a copy that is known beforehand makes it a few moves.</summary>
    public const int Room = 64;
}
