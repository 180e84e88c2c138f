using Doppel.CodeGen;

namespace Doppel.Engines.Translator;

/// <summary>An access of generated code that remembers a page, or a row of them that remember one together.</summary>
/// <param name="Code">An address in its region.</param>
/// <param name="Distance">Of its guest instruction from the page (<see cref="FrameSlot.RefillerDistance"/>).</param>
/// <param name="HasPair">It remembers two pages.</param>
internal readonly record struct SiteUser(nint Code, int Distance, bool HasPair);
