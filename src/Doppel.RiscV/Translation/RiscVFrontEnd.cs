// RV64 to the translator's operations; the extensions are those of the hart.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Interpreter;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Turns RISC-V code into operations. Not thread-safe: one per vCPU.</summary>
/// <param name="extensions">What the hart has.</param>
/// <param name="counts">Whether code of all modes counts the instructions that it executes, so that it can be left behind each of them.</param>
/// <param name="supports">Which operations the backend has of those that not every one has; if nothing is said, all. Instructions that need others are interpreted.</param>
/// <param name="tracesTraps">Whether somebody wants to be told of every trap: then generated code takes none by itself.</param>
public sealed class RiscVFrontEnd(ExtensionSet extensions, Predicate<IrOpcode>? supports = null, bool counts = false, bool tracesTraps = false) : IFrontEnd
{
    private readonly RegionBuilder _builder = new(Predecoder.For(extensions), supports ?? (_ => true), counts, tracesTraps);

    public int PcSlot => RiscVSlot.Pc;

    /// <summary>Arguments and frames first, which compilers use most; x0 needs none.</summary>
    public ReadOnlySpan<byte> HotIntegerSlots =>
        [10, 11, 12, 13, 14, 15, 2, 8, 9, 16, 17, 1, 18, 19, 5, 6, 7, 28, 29, 20, 21, 22, 23, 24, 30, 31, 25, 26, 27, 4, 3];

    public ReadOnlySpan<byte> HotFloatSlots =>
    [
        RiscVSlot.F + 10, RiscVSlot.F + 11, RiscVSlot.F + 12, RiscVSlot.F + 13, RiscVSlot.F + 14, RiscVSlot.F + 15, RiscVSlot.F + 16, RiscVSlot.F + 17,
        RiscVSlot.F + 8, RiscVSlot.F + 9, RiscVSlot.F + 0, RiscVSlot.F + 1, RiscVSlot.F + 2, RiscVSlot.F + 3,
    ];

    /// <summary>A mode (<see cref="GuestCode.Mode"/>) with floating point in use, to nearest, and with zeroing of blocks allowed: that of most programs.</summary>
    public static uint ModeOf(PrivilegeMode privilege) => CodeMode.Of(privilege, Csr.Mstatus.Fs, 0) | CodeMode.ZeroBlocks;

    public string NameOfMode(uint mode) => new CodeMode(mode).Name;

    public bool NeedsNextPage(ReadOnlySpan<byte> page, int entry) => RegionWalk.CrossesPage(page, entry);

    /// <summary>A user's: satp and mstatus are beyond its reach.</summary>
    public bool KeepsView(uint mode) => new CodeMode(mode).Privilege == PrivilegeMode.User;

    /// <summary>Also where a counter of the hart wants to know.</summary>
    public bool Counts(uint mode) => counts || new CodeMode(mode).Counts;

    public void Translate(in GuestCode code, IrRegion region) => _builder.Build(code, region);
}
