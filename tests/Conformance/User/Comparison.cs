using System.Text;
using Doppel.Tests.Conformance.Engines;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.User;

/// <summary>Runs the same program here and in QEMU, and reduces one that differs to the few blocks that matter.</summary>
internal sealed class Comparison(DoppelHart doppel, QemuUser qemu)
{
    private const int ReductionRuns = 600;

    /// <summary>The first difference, or null.</summary>
    public string? Difference(RandomProgram program, out int block)
    {
        ProgramImage image = program.Assemble();
        byte[] expected = qemu.Run(image.Bytes, RandomProgram.Address);
        block = -1;
        try
        {
            return image.FirstDifference(expected, doppel.Run(image), out block);
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    /// <summary>A report for a person: seed, first difference, and the reduced program's listing.</summary>
    public string Report(RandomProgram program, string difference, int block)
    {
        IReadOnlyList<Block> kept = block >= 0 && block < program.Blocks.Count ? [.. program.Blocks.Take(block + 1)] : program.Blocks;
        if (Difference(program.With(kept), out _) is null) kept = program.Blocks;
        int runs = 0;
        for (int step = kept.Count / 2; step >= 1; step /= 2)
        {
            for (int start = kept.Count - step; start >= 0 && runs < ReductionRuns; start -= step)
            {
                IReadOnlyList<Block> fewer = [.. kept.Take(start), .. kept.Skip(start + step)];
                runs++;
                if (Difference(program.With(fewer), out _) is { } other) (kept, difference) = (fewer, other);
                if (start > kept.Count) start = kept.Count;
            }
        }

        RandomProgram reduced = program.With(kept);
        ProgramImage image = reduced.Assemble();
        var text = new StringBuilder($"seed {program.Seed}: QEMU {qemu.Version} has {difference}\nreduced to {kept.Count} of {program.Blocks.Count} blocks:\n");
        for (int i = 0; i < kept.Count && i < 40; i++)
        {
            text.AppendLine($"block {i}:");
            foreach (string line in kept[i].Listing(image.Starts[i])) text.AppendLine("  " + line);
        }

        return text.ToString();
    }
}
