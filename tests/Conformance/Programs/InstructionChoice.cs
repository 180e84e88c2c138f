using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>What random programs are made of.</summary>
/// <param name="Rows">The instructions.</param>
/// <param name="Favoured">The ones to use more often.</param>
/// <param name="NeedsUse">The ones whose floating-point result must be used at once.</param>
internal sealed record InstructionChoice(IReadOnlyList<InstructionRow> Rows, Func<InstructionRow, bool> Favoured, Func<InstructionRow, bool> NeedsUse);
