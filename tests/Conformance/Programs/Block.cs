using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>
/// A piece of a random program that can be left out without breaking the rest: straight code, a bounded loop, or a branch with what it skips.
/// Position independent. What it writes is logged after it, so a difference is found where it arises.
/// </summary>
/// <param name="Code">The instructions.</param>
/// <param name="WrittenX">Integer registers that it may write, one bit each.</param>
/// <param name="WrittenF">Floating-point registers that it may write.</param>
/// <param name="TouchesFlags">It may change <c>fcsr</c>.</param>
internal sealed record Block(IReadOnlyList<uint> Code, uint WrittenX, uint WrittenF, bool TouchesFlags)
{
    public IEnumerable<string> Listing(ulong address)
    {
        foreach (uint word in Code)
        {
            yield return $"{address:x}: {Disassembler.FormatExact(word, address)}";
            address += (word & 3) == 3 ? 4u : 2u;
        }
    }
}
