using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>An entry of the list of <see cref="RegionWalk"/>.</summary>
internal struct WalkedInstruction
{
    public Instruction Instruction;

    /// <summary>Where in the page it is; of a link, where that leads: within the page, or to its end.</summary>
    public ushort Offset;

    /// <summary>All that matters of the instruction here is that the one behind it follows, whatever its operands are.</summary>
    public bool IsStraight;

    /// <summary>Not an instruction, but the way on to an offset that does not follow in the list.</summary>
    public readonly bool IsLink => Instruction.Op == Op.None;
}
