using System.Runtime.InteropServices;

namespace Doppel.CodeGen.Ir;

/// <summary>One operation of a region. Not read-only, so that a pass can note something of one where it lies.</summary>
/// <param name="Detail">An <see cref="IrCondition"/> (Set, Branch) or the integer kind of a conversion; else 0.</param>
[StructLayout(LayoutKind.Auto)]
public record struct IrOp(IrOpcode Code, IrType Type, byte Detail, IrOperand D, IrOperand A, IrOperand B, IrOperand C)
{
    /// <summary>The <see cref="Detail"/> of a conversion from or to an unsigned 64-bit integer, which as an <see cref="IrType"/> would be as I64.</summary>
    public const byte Unsigned64 = 0x40;

    public readonly IrCondition Condition => (IrCondition)Detail;

    /// <summary>
    /// The result is overwritten before the region may be left: only operations in between see it, so that a register is enough to hold it. Said of integer operations and loads alone.
    /// </summary>
    public bool IsBrief { get; set; }
}
