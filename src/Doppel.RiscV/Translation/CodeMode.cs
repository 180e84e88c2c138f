using Doppel.CodeGen.Ir;
using Doppel.Core.Engine;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Float;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Translation;

/// <summary>
/// What a translation relies on beside the code's bytes (<see cref="ProcessorContext.CodeMode"/>, <see cref="GuestCode.Mode"/>): the privilege in bits 1–0,
/// whether floating point can be used without telling mstatus in bit 2, and then frm in bits 5–3; whether <c>cbo.zero</c> is allowed in bit 6; whether a counter
/// counts instructions in bit 7.
/// </summary>
internal readonly record struct CodeMode(uint Bits)
{
    /// <summary>More than any mode.</summary>
    public const uint Count = 256;

    private const int FloatBit = 2;
    private const int RoundingShift = 3;
    private const int ZeroBlockBit = 6;

    /// <summary>The bit of <see cref="MayZeroBlocks"/>.</summary>
    public const uint ZeroBlocks = 1u << ZeroBlockBit;

    /// <summary>The bit of <see cref="Counts"/>.</summary>
    public const uint CountsInstructions = 1u << 7;

    /// <summary>frm is <see cref="RoundingMode.Rmm"/> or reserved: the host has no such mode.</summary>
    private const uint NoHostRounding = 4;

    public PrivilegeMode Privilege => (PrivilegeMode)(Bits & 3);

    /// <summary>mstatus.FS is Dirty, so that nothing has to set it.</summary>
    public bool FloatDirty => (Bits >> FloatBit & 1) != 0;

    /// <summary>Whether frm is one of the four modes that hosts have too; only with <see cref="FloatDirty"/>.</summary>
    public bool HasHostRounding => FloatDirty && (Bits >> RoundingShift & 7) != NoHostRounding;

    /// <summary>frm; only with <see cref="HasHostRounding"/>.</summary>
    public RoundingMode Rounding => (RoundingMode)(Bits >> RoundingShift & 7);

    /// <summary>menvcfg and senvcfg let this privilege use <c>cbo.zero</c>.</summary>
    public bool MayZeroBlocks => (Bits >> ZeroBlockBit & 1) != 0;

    /// <summary>A counter of the hart counts instructions, in this privilege mode or in another.</summary>
    public bool Counts => (Bits & CountsInstructions) != 0;

    /// <summary>Privilege, <c>+f</c> and the rounding mode if floating point can be used (<c>+f</c> alone: a mode that hosts have not), <c>+z</c> if blocks may be zeroed, <c>+c</c> if instructions are counted.</summary>
    public string Name =>
        $"{Privilege.ToString()[0]}{(FloatDirty ? "+f" : "")}{(HasHostRounding ? Rounding.ToString().ToLowerInvariant() : "")}{(MayZeroBlocks ? "+z" : "")}{(Counts ? "+c" : "")}";

    /// <summary>The mode that a hart is in; below <see cref="Count"/>.</summary>
    public static uint Of(HartState state) =>
        Of(state.Mode, state.MstatusBits, state.Slots[RiscVSlot.Fcsr]) | (MayZero(state) ? ZeroBlocks : 0) | (state.Counting ? CountsInstructions : 0);

    public static uint Of(PrivilegeMode privilege, ulong mstatus, ulong fcsr)
    {
        uint bits = (uint)privilege;

        // Without dirty registers no floating-point instruction is translated, so that frm does not matter.
        if ((mstatus & Mstatus.Fs) != Mstatus.Fs) return bits;
        return bits | 1u << FloatBit | Math.Min((uint)(fcsr >> 5 & 7), NoHostRounding) << RoundingShift;
    }

    private static bool MayZero(HartState state) =>
        state.Mode == PrivilegeMode.Machine
        || ((state.Menvcfg & Envcfg.Cbze) != 0 && (state.Mode == PrivilegeMode.Supervisor || (state.Slots[RiscVSlot.Senvcfg] & Envcfg.Cbze) != 0));
}
