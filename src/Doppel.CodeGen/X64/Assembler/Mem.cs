namespace Doppel.CodeGen.X64.Assembler;

/// <summary>
/// A memory operand: base + index·scale + displacement, or rip + displacement. The displacement gets the shortest encoding.
/// </summary>
internal readonly struct Mem
{
    public Mem(Gpr @base, int displacement = 0)
    {
        Bits = RmBits.Memory | RmBits.NoIndex | (uint)@base | (((uint)@base & 7) == 4 ? RmBits.HasSib : 0);
        Displacement = displacement;
    }

    /// <param name="scale">1, 2, 4 or 8.</param>
    /// <param name="index">Any register but rsp.</param>
    public Mem(Gpr @base, Gpr index, int scale = 1, int displacement = 0)
    {
        System.Diagnostics.Debug.Assert(index != Gpr.Rsp && scale is 1 or 2 or 4 or 8);
        Bits = RmBits.Memory | RmBits.HasSib | (uint)@base | (uint)index << RmBits.IndexShift | (uint)(scale >> 1) - (uint)(scale >> 3) << RmBits.ScaleShift;
        Displacement = displacement;
    }

    internal Mem(uint bits, int displacement)
    {
        Bits = bits;
        Displacement = displacement;
    }

    internal uint Bits { get; }

    internal int Displacement { get; }

    /// <summary>
    /// The displacement from the end of the instruction. Unless an immediate follows, its four bytes are the last of the instruction, so that it can be patched at
    /// <see cref="X64Assembler.Position"/> − 4.
    /// </summary>
    public static Mem Rip(int displacement = 0) => new(RmBits.Memory | RmBits.Rip, displacement);

    /// <summary>The same with another displacement added.</summary>
    public Mem Plus(int displacement) => new(Bits, Displacement + displacement);
}
