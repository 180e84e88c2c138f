namespace Doppel.CodeGen.Ir;

/// <summary>How two 64-bit integers are compared.</summary>
public enum IrCondition : byte
{
    Equal,
    NotEqual,
    LessSigned,
    GreaterOrEqualSigned,
    LessUnsigned,
    GreaterOrEqualUnsigned,
}
