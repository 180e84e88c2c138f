namespace Doppel.RiscV.Isa;

/// <summary>What a register field of an instruction holds.</summary>
public enum OperandKind : byte
{
    /// <summary>The instruction has no such operand.</summary>
    None,

    /// <summary>An integer register.</summary>
    X,

    /// <summary>A floating-point register.</summary>
    F,

    /// <summary>A five-bit number (the immediate of <c>csrrwi</c>, the constant's index of <c>fli.s</c>).</summary>
    Number,
}
