using System.Diagnostics;
using System.Text;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.User;

/// <summary>Runs the same program twice and reduces one whose outputs differ to the few blocks that matter.</summary>
/// <param name="reference">What <paramref name="expected"/> is, for the report.</param>
/// <param name="expected">Runs a program and returns its output.</param>
/// <param name="actual">Runs it too; what it throws is a difference.</param>
/// <param name="rounds">How often all blocks run.</param>
/// <param name="aliases">Whether they run through two windows; see <see cref="ProgramShape"/>.</param>
internal sealed class Comparison(string reference, Func<ProgramImage, byte[]> expected, Func<ProgramImage, byte[]> actual, int rounds = 1, bool aliases = false)
{
    private const int ReductionRuns = 600;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private int _rounds = rounds;

    /// <summary>The first difference, or null.</summary>
    public string? Difference(RandomProgram program, out int block)
    {
        ProgramImage image = program.Assemble(new ProgramShape(_rounds, aliases));
        byte[] wanted = expected(image);
        block = -1;
        try
        {
            return image.FirstDifference(wanted, actual(image), out block);
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    /// <summary>A report for a person: seed, first difference, and the reduced program's listing.</summary>
    public string Report(RandomProgram program, string difference, int block)
    {
        ReduceRounds(program, ref difference, ref block);
        IReadOnlyList<Block> kept = block >= 0 && block < program.Blocks.Count ? [.. program.Blocks.Take(block + 1)] : program.Blocks;
        if (Difference(program.With(kept), out _) is null) kept = program.Blocks;
        int runs = 0;
        long started = Stopwatch.GetTimestamp();
        for (int step = kept.Count / 2; step >= 1; step /= 2)
        {
            for (int start = kept.Count - step; start >= 0 && runs < ReductionRuns && Stopwatch.GetElapsedTime(started) < Patience; start -= step)
            {
                IReadOnlyList<Block> fewer = [.. kept.Take(start), .. kept.Skip(start + step)];
                runs++;
                if (Difference(program.With(fewer), out _) is { } other) (kept, difference) = (fewer, other);
                if (start > kept.Count) start = kept.Count;
            }
        }

        RandomProgram reduced = program.With(kept);
        ProgramImage image = reduced.Assemble(new ProgramShape(_rounds, aliases));
        var text = new StringBuilder($"seed {program.Seed}: {reference} has {difference}\nreduced to {kept.Count} of {program.Blocks.Count} blocks and {_rounds} rounds:\n");
        for (int i = 0; i < kept.Count && i < 40; i++)
        {
            text.AppendLine($"block {i}:");
            foreach (string line in kept[i].Listing(image.Starts[i])) text.AppendLine("  " + line);
        }

        return text.ToString();
    }

    // The log is the last round's: the first round that differs tells where.
    private void ReduceRounds(RandomProgram program, ref string difference, ref int block)
    {
        int equal = 0, last = _rounds;
        long started = Stopwatch.GetTimestamp();
        while (last - equal > 1 && Stopwatch.GetElapsedTime(started) < Patience)
        {
            _rounds = equal + ((last - equal) / 2);
            if (Difference(program, out int at) is { } found) (last, difference, block) = (_rounds, found, at);
            else equal = _rounds;
        }

        _rounds = last;
    }
}
