using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>A place in a region that looks into a site (<see cref="FrameSlot.Sites"/>) or a pair.</summary>
/// <param name="Slot">The site's first slot, counted as <see cref="FrameSlot"/> does; 0 if there is none.</param>
/// <param name="SizeLog">Log₂ of the access's size in bytes, to which its address is aligned.</param>
/// <param name="Tag">The register that the tag was computed in, which holds nothing else.</param>
/// <param name="Found">Where the look goes on once the site has been filled. The register holds the addend then.</param>
internal readonly record struct SiteAccess(int Slot, int SizeLog, Gpr Tag, int Found)
{
    public bool Exists => Slot != 0;

    /// <summary>Whether it has two pages (<see cref="FrameSlot.Pairs"/>).</summary>
    public bool IsPair => Slot >= FrameSlot.Pairs;

    /// <summary>Whether the page must be one that may be written.</summary>
    public bool Writes => !IsPair && (Slot - FrameSlot.Sites & 2) != 0;
}
