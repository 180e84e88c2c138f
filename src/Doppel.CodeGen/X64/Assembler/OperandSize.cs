namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Width of an integer operation.</summary>
internal enum OperandSize : byte
{
    Byte,
    Word,
    Dword,
    Qword,
}
