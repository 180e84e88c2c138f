using Doppel.CodeGen.X64.Assembler;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

/// <summary>A memory operand that knows its name.</summary>
internal sealed record MemoryOperand(Gpr Base, Gpr? Index, int Scale, int Displacement)
{
    public Mem Mem { get; } = Index is Gpr index ? new Mem(Base, index, Scale, Displacement) : new Mem(Base, Displacement);

    /// <summary>With the size in bytes.</summary>
    public string Name(int size) =>
        DecodedText.Memory(size, Operands.Name(Base, OperandSize.Qword), Index is Gpr index ? Operands.Name(index, OperandSize.Qword) : null, Scale, Displacement);
}
