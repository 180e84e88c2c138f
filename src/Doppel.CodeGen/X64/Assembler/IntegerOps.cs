namespace Doppel.CodeGen.X64.Assembler;

/// <summary>The eight operations of two operands, by their numbers in encodings.</summary>
internal enum AluOp : byte
{
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
}

/// <summary>How many bits of a value are taken, and how they fill 64: with zeros or with their sign.</summary>
internal enum Filling : byte
{
    Qword,
    ZeroDword,
    SignDword,
    ZeroWord,
    SignWord,
    ZeroByte,
    SignByte,
}

/// <summary>Shifts and rotates.</summary>
internal enum ShiftOp : byte
{
    Rol,
    Ror,
    Rcl,
    Rcr,
    Shl,
    Shr,
    Sar = 7,
}

/// <summary>Operations of one operand; the last four are of rdx:rax with it.</summary>
internal enum UnaryOp : byte
{
    Not = 2,
    Neg,
    Mul,
    Imul,
    Div,
    Idiv,
}

/// <summary>Tests of a bit, which goes to the carry flag, and what then becomes of it.</summary>
internal enum BitOp : byte
{
    Bt = 4,
    Bts,
    Btr,
    Btc,
}

/// <summary>Shifts of BMI2, which take the count from any register and leave the flags alone. The values are their VEX prefixes.</summary>
internal enum ShiftxOp : byte
{
    Shlx = 1,
    Sarx,
    Shrx,
}

/// <summary>Counts of bits.</summary>
internal enum CountOp : byte
{
    Popcnt,
    Lzcnt,
    Tzcnt,

    /// <summary>Number of the lowest one; the destination is kept if there is none.</summary>
    Bsf,

    /// <summary>Number of the highest one.</summary>
    Bsr,
}
