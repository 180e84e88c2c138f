namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Condition codes by their numbers in encodings; an odd one is the opposite of the one before it.</summary>
internal enum Cc : byte
{
    Overflow,
    NoOverflow,
    Below,
    AboveOrEqual,
    Equal,
    NotEqual,
    BelowOrEqual,
    Above,
    Sign,
    NoSign,
    Parity,
    NoParity,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Greater,
}
