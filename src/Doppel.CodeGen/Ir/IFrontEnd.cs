namespace Doppel.CodeGen.Ir;

/// <summary>Guest code to be translated.</summary>
public readonly ref struct GuestCode
{
    /// <summary>A copy of the 4096 bytes of the page.</summary>
    public required ReadOnlySpan<byte> Page { get; init; }

    /// <summary>Where in the page the region is entered.</summary>
    public required int Entry { get; init; }

    /// <summary>A copy of the page that follows at the present virtual address, where <see cref="IFrontEnd.NeedsNextPage"/> says so; else empty.</summary>
    public ReadOnlySpan<byte> NextPage { get; init; }

    /// <summary>The number of that code page, for <see cref="IrOpcode.RequirePage"/>.</summary>
    public int NextPageNumber { get; init; }

    /// <summary>What the translation may rely on beside the bytes: privilege and the like, as the instruction set encodes it.</summary>
    public required uint Mode { get; init; }

    /// <summary>
    /// Where in the page there is code of this mode already, entered there as a region or within one (<see cref="IrRegion.Entries"/>), bit n for offset 2·n; empty if nobody knows. The
    /// translation goes there instead of containing that code once more; a hint, so that it need not be exact.
    /// </summary>
    public ReadOnlySpan<ulong> Regions { get; init; }

    public bool HasRegion(int offset) => !Regions.IsEmpty && (Regions[offset >> 7] >> (offset >> 1) & 1) != 0;
}

/// <summary>Turns guest code into operations: the only thing that joins an instruction set to code generation.</summary>
public interface IFrontEnd
{
    /// <summary>
    /// The slot that, while a region runs, holds the virtual address of its page; so that one translation serves all virtual addresses of the page.
    /// Everywhere else it is the program counter.
    /// </summary>
    int PcSlot { get; }

    /// <summary>The integer slots that deserve a host register, the most used first.</summary>
    ReadOnlySpan<byte> HotIntegerSlots { get; }

    /// <summary>The floating-point slots that deserve a host register, the most used first.</summary>
    ReadOnlySpan<byte> HotFloatSlots { get; }

    /// <summary>A short name of a <see cref="GuestCode.Mode"/>, for people; without spaces.</summary>
    string NameOfMode(uint mode) => $"0x{mode:x}";

    /// <summary>Whether the instruction at an offset ends in the page behind, so that this has to be known.</summary>
    bool NeedsNextPage(ReadOnlySpan<byte> page, int entry);

    /// <summary>Whether code of a mode (<see cref="GuestCode.Mode"/>) cannot change what addresses mean to it, because it is not privileged.</summary>
    bool KeepsView(uint mode);

    /// <summary>Whether code of a mode counts its instructions (<see cref="IrOpcode.Count"/>).</summary>
    bool Counts(uint mode) => false;

    /// <summary>
    /// Appends the operations of the code that is reached from the entry by direct branches within the page, as far as is sensible. Never fails: what is not an
    /// instruction becomes a <see cref="IrOpcode.StepLast"/>, whose interpreter traps.
    /// </summary>
    void Translate(in GuestCode code, IrRegion region);
}
