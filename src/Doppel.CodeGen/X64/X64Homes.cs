using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Where the slots are while generated code runs: the hot ones in registers for good, the others in memory. Registers are numbered in one row here, general-purpose
/// ones 0–15, vector ones 16–31.
/// </summary>
internal sealed class X64Homes
{
    /// <summary>The number of xmm0.</summary>
    public const int FirstXmm = 16;

    /// <summary>The home of a slot that has no register.</summary>
    public const int InMemory = -1;

    private static ReadOnlySpan<byte> IntegerHomes =>
    [
        (byte)Gpr.Rbx, (byte)Gpr.Rsi, (byte)Gpr.Rdi, (byte)Gpr.R8, (byte)Gpr.R9, (byte)Gpr.R10, (byte)Gpr.R11, (byte)Gpr.R12, (byte)Gpr.R13, (byte)Gpr.R14, (byte)Gpr.R15,
    ];

    private const int FloatHomes = 14;

    private readonly sbyte[] _homes;
    private readonly int _firstEngineSlot;

    public X64Homes(X64Target target)
    {
        _firstEngineSlot = target.FirstEngineSlot;
        _homes = new sbyte[target.FirstEngineSlot];
        _homes.AsSpan().Fill(InMemory);
        ReadOnlySpan<byte> integers = target.FrontEnd.HotIntegerSlots;
        for (int i = 0; i < Math.Min(integers.Length, IntegerHomes.Length); i++) _homes[integers[i]] = (sbyte)IntegerHomes[i];
        ReadOnlySpan<byte> floats = target.FrontEnd.HotFloatSlots;
        for (int i = 0; i < Math.Min(floats.Length, FloatHomes); i++) _homes[floats[i]] = (sbyte)(FirstXmm + (int)Xmm.Xmm2 + i);
    }

    /// <summary>The instruction set's slots.</summary>
    public int Count => _homes.Length;

    /// <summary>The register of a slot, or <see cref="InMemory"/>.</summary>
    public int Of(int slot) => _homes[slot];

    /// <summary>The place of a slot in memory, which only for slots without a register holds its value.</summary>
    public static Mem Memory(int slot) => new(Gpr.Rbp, 8 * slot - X64Target.FrameBias);

    /// <summary>The place of one of the engine's slots (<see cref="FrameSlot"/>).</summary>
    public Mem Frame(int number) => Memory(_firstEngineSlot + number);
}
