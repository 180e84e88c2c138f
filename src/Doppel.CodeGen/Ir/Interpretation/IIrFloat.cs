namespace Doppel.CodeGen.Ir.Interpretation;

/// <summary>The arithmetic of the floating-point operations that round or raise exceptions. The rounding direction and the sticky flags are the implementation's own.</summary>
public interface IIrFloat
{
    /// <summary>The sticky flags, as <see cref="IrOpcode.FReadFlags"/> has them.</summary>
    ulong Exceptions { get; set; }

    /// <summary>Executes one of the operations from <see cref="IrOpcode.FAdd"/> to <see cref="IrOpcode.FToInt"/> that is more than moving bits.</summary>
    /// <param name="operation">Never one of the sign operations, <see cref="IrOpcode.FCanon"/>, <see cref="IrOpcode.FUnbox"/> or <see cref="IrOpcode.FBox"/>.</param>
    /// <param name="type">F32 or F64.</param>
    /// <param name="integer">The integer's kind in a conversion (<see cref="IrOp.Detail"/>), else 0.</param>
    /// <param name="a">The encoding in the low bits, zeros above; of <see cref="IrOpcode.FFromInt"/> the integer, extended to 64 bits as its kind says.</param>
    /// <returns>
    /// The encoding in the low bits; or the integer; or 0 or 1 of a comparison. A NaN result may have any payload, but for the operations that promise the canonical one.
    /// </returns>
    ulong Compute(IrOpcode operation, IrType type, byte integer, ulong a, ulong b, ulong c);
}
