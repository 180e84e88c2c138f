using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Multiplication without carries, of processors that have it (<see cref="X64Features.Pclmulqdq"/>).</summary>
public sealed partial class X64Backend
{
    /// <summary>The order of quarters in which the high half comes first.</summary>
    private const int HighHalf = 0b1110;

    private void MultiplyCarryless(in IrOp op)
    {
        Xmm product = TakeXmm();
        FetchXmm(product, op.A);
        Xmm factor = product;
        if (op.B != op.A)
        {
            factor = TakeXmm();
            FetchXmm(factor, op.B);
        }

        _asm.Pclmulqdq(product, factor, 0);
        if (op.Code == IrOpcode.MulCarrylessHigh) _asm.Pshufd(product, product, HighHalf);
        Gpr result = Target(op.D);
        _asm.MovFromXmm(OperandSize.Qword, result, product);
        Finish(op.D, result);
    }
}
