namespace Doppel.CodeGen.X64.Assembler;

/// <summary>A vector register or memory.</summary>
internal readonly struct XmmRm
{
    private XmmRm(uint bits, int displacement)
    {
        Bits = bits;
        Displacement = displacement;
    }

    internal uint Bits { get; }

    internal int Displacement { get; }

    public bool IsMemory => (Bits & RmBits.Memory) != 0;

    public bool IsRegister => (Bits & RmBits.Memory) == 0;

    /// <summary>The register, if it is one.</summary>
    public Xmm Register => (Xmm)(Bits & 15);

    /// <summary>The memory, if it is that.</summary>
    public Mem Memory => new(Bits, Displacement);

    public static implicit operator XmmRm(Xmm register) => new((uint)register, 0);

    public static implicit operator XmmRm(Mem memory) => new(memory.Bits, memory.Displacement);

    public bool Is(Xmm register) => Bits == (uint)register;
}
