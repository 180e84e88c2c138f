namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Scalar arithmetic, by opcodes.</summary>
internal enum SseOp : byte
{
    Sqrt = 0x51,
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5C,
    Min = 0x5D,
    Div = 0x5E,
    Max = 0x5F,
}

/// <summary>Bitwise operations on 128 bits (andps and the like), by opcodes.</summary>
internal enum SseLogic : byte
{
    And = 0x54,

    /// <summary>Not destination, and source.</summary>
    AndNot,
    Or,
    Xor,
}

/// <summary>Integer operations on 128 bits (prefix 66), by opcodes.</summary>
internal enum SseInteger : byte
{
    Punpckldq = 0x62,
    Punpcklqdq = 0x6C,
    Pcmpeqb = 0x74,
    Pcmpeqw = 0x75,
    Pcmpeqd = 0x76,
    Paddq = 0xD4,
    Pand = 0xDB,
    Pandn = 0xDF,
    Por = 0xEB,
    Pxor = 0xEF,
    Psubq = 0xFB,
}

/// <summary>Predicates of cmpss and cmpsd.</summary>
internal enum SseCompare : byte
{
    Equal,
    Less,
    LessOrEqual,
    Unordered,
    NotEqual,
    NotLess,
    NotLessOrEqual,
    Ordered,
}

/// <summary>Fused multiplication and addition, by the offset of the opcode.</summary>
internal enum FmaOp : byte
{
    /// <summary>x·y + z.</summary>
    Madd = 0,

    /// <summary>x·y − z.</summary>
    Msub = 2,

    /// <summary>−(x·y) + z.</summary>
    Nmadd = 4,

    /// <summary>−(x·y) − z.</summary>
    Nmsub = 6,
}

/// <summary>Which of the operands (1 is the destination) are factors, in order, and which the addend.</summary>
internal enum FmaOrder : byte
{
    F132 = 0x99,
    F213 = 0xA9,
    F231 = 0xB9,
}
