namespace Doppel.CodeGen.Ir;

/// <summary>One operation of a region.</summary>
/// <param name="Detail">An <see cref="IrCondition"/> (Set, Branch) or the integer kind of a conversion; else 0.</param>
public readonly record struct IrOp(IrOpcode Code, IrType Type, byte Detail, IrOperand D, IrOperand A, IrOperand B, IrOperand C)
{
    /// <summary>The <see cref="Detail"/> of a conversion from or to an unsigned 64-bit integer, which as an <see cref="IrType"/> would be as I64.</summary>
    public const byte Unsigned64 = 0x40;

    public IrCondition Condition => (IrCondition)Detail;
}
