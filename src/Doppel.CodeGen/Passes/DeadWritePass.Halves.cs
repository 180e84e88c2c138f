using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Upper halves. Guests with 64-bit registers extend the result of every 32-bit operation, which costs hosts an instruction and a cycle; and most such results are read by operations that look at the
/// lower half alone, until they are overwritten.
/// </summary>
internal sealed partial class DeadWritePass
{
    /// <summary>Of the first and the second operand only the lower half is read.</summary>
    private const int LowA = 1;
    private const int LowB = 2;

    /// <summary>Of operands that are of 64 bits, too, if only the lower half of the result is seen.</summary>
    private const int Propagates = 4;

    /// <summary>A 64-bit operation has the same lower half.</summary>
    private const int Widens = 8;

    /// <summary>Some constants as the second operand leave nothing of the first one's upper half.</summary>
    private const int ByConstant = 16;

    /// <summary>The operation does nothing that is seen.</summary>
    private const int Unwanted = -1;

    /// <summary>What holds for the 32-bit kind of an operation; 0 if nothing does.</summary>
    private static int LowsOf(IrOpcode code) => code switch
    {
        IrOpcode.And => LowA | LowB | Propagates | Widens | ByConstant,
        IrOpcode.Mov or IrOpcode.Add or IrOpcode.Sub or IrOpcode.Mul or (> IrOpcode.And and <= IrOpcode.XorNot) => LowA | LowB | Propagates | Widens,
        IrOpcode.Shl => LowA | LowB | Propagates | ByConstant,
        (>= IrOpcode.DivS and <= IrOpcode.RemU) or (>= IrOpcode.Shr and <= IrOpcode.Ror) or IrOpcode.Clz or IrOpcode.Ctz or IrOpcode.Popcount => LowA | LowB,
        IrOpcode.ShlAdd => LowA | Propagates,
        IrOpcode.Store => LowB,
        _ => 0,
    };

    /// <summary>Which operands are only read in their lower halves by this operation, which is made not to extend its result if nobody sees that.</summary>
    /// <param name="lows">What holds for its opcode.</param>
    /// <param name="onlyLow">Of the result, only the lower half is seen.</param>
    private static int LowsOf(IrRegion region, ref IrOp op, int lows, bool onlyLow)
    {
        if (op.Code == IrOpcode.Store) return op.Type is IrType.I64 or >= IrType.F64 ? 0 : lows;
        if (op.Code == IrOpcode.ShlAdd) return onlyLow ? LowA | LowB : op.Type == IrType.U32 ? LowA : 0;
        if (op.Type == IrType.I64)
        {
            if (onlyLow && (lows & Propagates) != 0 && (op.Code != IrOpcode.Shl || op.B.IsConstant)) return LowA | LowB;
            return (lows & ByConstant) != 0 && op.B.IsConstant && DropsUpper(op.Code, region.ValueOf(op.B)) ? LowA : 0;
        }

        if (!onlyLow || op.Type is not (IrType.U32 or IrType.S32)) return lows;
        if (op.Code == IrOpcode.Mov && op.D == op.A) return Unwanted;

        // In 64 bits it may take its operands from memory and leave the result there.
        bool widens = (lows & Widens) != 0 && (!op.B.IsConstant || region.ValueOf(op.B) == (int)region.ValueOf(op.B));
        if (widens) op = op with { Type = IrType.I64 };
        else if (op.Type == IrType.S32) op = op with { Type = IrType.U32 };
        return lows;
    }

    /// <summary>Whether an operation of 64 bits with this constant has nothing of its operand's upper half in its result.</summary>
    private static bool DropsUpper(IrOpcode code, long constant) => code == IrOpcode.And ? (ulong)constant <= uint.MaxValue : (constant & 63) >= 32;
}
