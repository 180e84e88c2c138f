namespace Doppel.CodeGen.X64.Assembler;

/// <summary>A place in the code of one assembler, perhaps not known yet.</summary>
internal readonly record struct Label(int Number);
