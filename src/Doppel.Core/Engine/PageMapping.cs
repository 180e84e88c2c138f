using Doppel.Core.Memory;

namespace Doppel.Core.Engine;

/// <summary>Where a virtual page is.</summary>
/// <param name="Region">The RAM that holds it.</param>
/// <param name="Offset">Of the page in the region; a multiple of 4096.</param>
/// <param name="Global">The translation holds in every address space of the processor.</param>
public readonly record struct PageMapping(MemoryRegion Region, ulong Offset, bool Global);
