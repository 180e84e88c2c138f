using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.X64.Assembler;

/// <summary>A general-purpose register or memory.</summary>
internal readonly struct Rm
{
    private Rm(uint bits, int displacement)
    {
        Bits = bits;
        Displacement = displacement;
    }

    internal uint Bits { get; }

    internal int Displacement { get; }

    public bool IsMemory => (Bits & RmBits.Memory) != 0;

    public bool IsRegister => (Bits & RmBits.Memory) == 0;

    /// <summary>The register, if it is one.</summary>
    public Gpr Register => (Gpr)(Bits & 15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Rm(Gpr register) => new((uint)register, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator Rm(Mem memory) => new(memory.Bits, memory.Displacement);

    public bool Is(Gpr register) => Bits == (uint)register;
}
