using Doppel.CodeGen.X64;

namespace Doppel.Engines.Translator;

/// <summary>A direct jump of generated code that can be made to go straight to other generated code.</summary>
/// <param name="Site">Its places, as offsets from the first byte of its region.</param>
/// <param name="Offset">Of its region in the code memory.</param>
/// <param name="Target">Where it leads; null if nowhere.</param>
/// <param name="Undone">If it has led somewhere before: the withdrawal after which no vCPU can be on its way there.</param>
internal readonly record struct Link(LinkSite Site, int Offset, Region? Target = null, int? Undone = null)
{
    /// <summary>Whether it leads into the page of its own region.</summary>
    public bool WithinPage => Site.Guard < 0;
}
