using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.X64;

/// <summary>A place in generated code that can be made to go straight to other generated code. Offsets count from the region's first byte.</summary>
/// <param name="Distance">Where the link leads: the guest address less that of the region's page.</param>
/// <param name="Jump">Offset of the 32-bit displacement of the jump; relative to its own end. Before linking it leads to code that asks the engine.</param>
/// <param name="Guard">
/// Offset of the 32-bit displacement into the table of present pages that guards the jump; −1 for a link within the page, which needs none.
/// Before linking it is 0: entry 0 of the table is never present, so that the cold path is taken.
/// </param>
/// <param name="Cold">Offset of the code that asks the engine (<see cref="CallbackKind.Link"/>), where nothing has changed yet; what a link within the page leads to before linking.</param>
/// <remarks>Both displacements lie within an aligned 8-byte word each (regions are copied to multiples of 16), so that a 4-byte store changes them at once.</remarks>
public readonly record struct LinkSite(long Distance, int Jump, int Guard, int Cold);

/// <summary>A 32-bit displacement, relative to its own end, of a runtime stub.</summary>
/// <param name="Offset">Where it is, from the region's first byte.</param>
/// <param name="Stub">Offset of the stub from the first byte of the runtime stubs.</param>
public readonly record struct StubCall(int Offset, int Stub);

/// <summary>A place within a region where it may be entered.</summary>
/// <param name="Distance">Of its guest code from the region's page.</param>
/// <param name="Offset">Of its code from the region's first byte.</param>
public readonly record struct EntrySite(int Distance, int Offset);

/// <summary>The output of the backend for one region, valid until its next use: position-independent but for the calls of stubs.</summary>
public readonly ref struct CompiledRegion
{
    public required ReadOnlySpan<byte> Code { get; init; }

    /// <summary>Link number n of the region is the one that <see cref="CallbackKind.Link"/> names as first link number + n.</summary>
    public required ReadOnlySpan<LinkSite> Links { get; init; }

    public required ReadOnlySpan<StubCall> StubCalls { get; init; }

    /// <summary>Where it may be entered beside its first byte (<see cref="IrRegion.Entries"/>).</summary>
    public required ReadOnlySpan<EntrySite> Entries { get; init; }
}
