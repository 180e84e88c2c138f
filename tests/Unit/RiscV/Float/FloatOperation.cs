namespace Doppel.Tests.Unit.RiscV.Float;

/// <summary>The operations that round, as the tests name them.</summary>
internal enum FloatOperation
{
    Add,
    Subtract,
    Multiply,
    Divide,
    SquareRoot,
    MultiplyAdd,
    MultiplySubtract,
    NegatedMultiplySubtract,
    NegatedMultiplyAdd,
}
