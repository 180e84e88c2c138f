namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Width of a scalar floating-point operation: the ss and sd forms.</summary>
internal enum FloatSize : byte
{
    Single,
    Double,
}
