using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.Ir.Generation;

/// <summary>What random regions may use. The defaults are RISC-V's slots and everything that there is.</summary>
internal sealed record RegionPlan
{
    /// <summary>Pages of code that regions may ask for, by number.</summary>
    public const int CodePages = 16;

    /// <summary>Slots that hold integers and may be read and written.</summary>
    public IReadOnlyList<int> Integers { get; init; } = [.. Enumerable.Range(1, 29)];

    /// <summary>Slots that count the rounds of loops; as many as loops may be nested.</summary>
    public IReadOnlyList<int> Counters { get; init; } = [30, 31];

    /// <summary>Slots that hold floating-point numbers; empty for no floating point.</summary>
    public IReadOnlyList<int> Floats { get; init; } = [.. Enumerable.Range(32, 32)];

    /// <summary>Holds the address of the region's page; only read.</summary>
    public int PcSlot { get; init; } = 64;

    /// <summary>Where there is RAM. Other addresses may be used too, now and then.</summary>
    public ulong MemoryStart { get; init; } = 0x8000_0000;

    /// <summary>A power of two.</summary>
    public int MemorySize { get; init; } = 0x2000;

    /// <summary>About so many guest instructions.</summary>
    public int Length { get; init; } = 40;

    /// <summary>
    /// Whether instructions that are stepped change any slots. Else they only box all floating-point numbers: whatever a front end thinks that an instruction boxes, it does.
    /// </summary>
    public bool StepsChangeSlots { get; init; } = true;

    /// <summary>
    /// Whether addresses and displacements are often at the edges of RAM, of pages and of what 32 and 64 bits can hold, or anywhere, and operations occur that few guests use.
    /// </summary>
    public bool Hostile { get; init; }

    /// <summary>Which operations may be used.</summary>
    public Func<IrOpcode, bool> Allows { get; init; } = _ => true;
}
