using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.X64;

/// <summary>Floating-point arithmetic.</summary>
public sealed partial class X64Backend
{
    private void LowerFloat(in IrOp op) => throw new NotSupportedException($"{op.Code} cannot be compiled yet.");
}
