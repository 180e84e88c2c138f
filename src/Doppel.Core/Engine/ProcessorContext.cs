namespace Doppel.Core.Engine;

/// <summary>
/// What translations depend on. Two moments with equal numbers see the same memory, unless a flush lies between them.
/// </summary>
/// <param name="CodeMode">What a translation of code is made for: privilege, floating-point state and the like, as the instruction set encodes it; below 256.</param>
/// <param name="FetchView">How virtual addresses of code are translated, without the address space; below 16.</param>
/// <param name="SharesFetch">Most code of this view is mapped alike in all spaces, as a kernel is.</param>
/// <param name="DataView">How virtual addresses of data are translated and protected, without the address space; below 16.</param>
/// <param name="SharesData">Most data of this view is mapped alike in all spaces.</param>
/// <param name="Space">The address space, any number. It matters to all mappings that are not global.</param>
public readonly record struct ProcessorContext(uint CodeMode, uint FetchView, bool SharesFetch, uint DataView, bool SharesData, ulong Space);
